import { type PrincipalVerifier, type ServedService, Inbound } from "@kerf/call";
import { systemClock, systemRandom, TimerWheel } from "@kerf/kernel";
import { ServiceRuntime, type Service, type ServiceDatabases } from "@kerf/service";
import { Logger } from "@kerf/telemetry";

/** What every program has one of. */
export const parts = {
  clock: systemClock,
  random: systemRandom,
  wheel: new TimerWheel(systemClock),
  log: new Logger({ level: "warn", sink: (line) => console.error(line) }),
};

/** Services behind the inbound half of the call path, as the host program assembles it; production mode. */
export function inboundOf(
  services: Service<any, any, any> | readonly Service<any, any, any>[],
  databases: ServiceDatabases = {},
): { inbound: Inbound; runtime: ServiceRuntime } {
  const runtime = new ServiceRuntime({
    services: [services].flat(),
    databases,
    instance: "bench",
    ...parts,
  });
  const served: ServedService[] = runtime.served();
  const principals: Pick<PrincipalVerifier, "verify"> = {
    verify: () => {
      throw new Error("the benchmarks send no principal");
    },
  };
  return {
    runtime,
    inbound: new Inbound({
      services: served,
      ...parts,
      checked: false,
      mayCall: () => true,
      principals,
    }),
  };
}
