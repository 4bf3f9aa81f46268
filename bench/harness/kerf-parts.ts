import { type PrincipalVerifier, type ServedService, Inbound } from "@kerf/call";
import { systemClock, systemRandom, TimerWheel } from "@kerf/kernel";
import { ServiceRuntime, type Service } from "@kerf/service";
import { Logger } from "@kerf/telemetry";

/** What every program has one of. */
export const parts = {
  clock: systemClock,
  random: systemRandom,
  wheel: new TimerWheel(systemClock),
  log: new Logger({ level: "warn", sink: (line) => console.error(line) }),
};

/** A service behind the inbound half of the call path, as the host program assembles it; production mode. */
export function inboundOf(service: Service<any, any, any>): {
  inbound: Inbound;
  runtime: ServiceRuntime;
} {
  const runtime = new ServiceRuntime({
    services: [service],
    databases: {},
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
      speaksFor: (unit, caller) => unit === caller,
      principals,
    }),
  };
}
