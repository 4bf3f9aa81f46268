import type { Clock } from "@kerf/kernel";
import type { WorkloadIdentity } from "../../../identity/workload-identity.ts";

/** The longest wait that a timer of the system takes, milliseconds: 24 days. */
const longestMs = 0x7fff_ffff;

/**
 * Ends a connection before one of its two certificates expires: `retire` is called while there is time to finish what is in flight,
 * `end` when there is none. Returns what forgets both.
 */
export function limitLifetime(options: {
  clock: Clock;
  identity: WorkloadIdentity;
  endsInMs: number;
  retire: () => void;
  end: () => void;
}): () => void {
  const { clock, identity } = options;
  const endsInMs = Math.min(options.endsInMs, longestMs);
  const retiring = clock.after(identity.retireAfter(endsInMs), options.retire);
  const ending = clock.after(endsInMs, options.end);
  return () => {
    retiring.cancel();
    ending.cancel();
  };
}
