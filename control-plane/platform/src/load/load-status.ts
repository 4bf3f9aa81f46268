import type { InstanceStatus } from "@kerf/control-api";
import type { LoadKeeper } from "./load-keeper.ts";
import { failureShare, quantile, rateOf } from "./load-window.ts";

/** Over how long people are shown calls, failures and latency, in milliseconds. */
const shownMs = 30_000;

/** What a status says of the load of an instance; nothing before it has said anything itself. */
export function loadStatus(keeper: LoadKeeper, instance: string): Pick<InstanceStatus, "load"> {
  const now = keeper.instance(instance);
  if (now === undefined) return {};
  const window = keeper.windowOfInstance(instance, shownMs);
  const p95Ms = quantile(window, 0.95);
  return {
    load: {
      callsPerSecond: rounded(rateOf(window), 1),
      failureShare: rounded(failureShare(window), 4),
      ...(p95Ms === undefined ? undefined : { p95Ms: rounded(p95Ms, 2) }),
      inFlight: now.inFlight,
      streams: now.streams,
      cpuShare: rounded(now.cpuShare, 3),
      residentBytes: now.residentBytes,
    },
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
