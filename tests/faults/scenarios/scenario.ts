import type { Cluster } from "../cluster.ts";

/** What befalls the app while it is under load. */
export interface Scenario {
  readonly name: string;
  /** One line for people. */
  readonly says: string;
  /** What its services talk over; default Unix sockets. */
  readonly network?: "tcp";
  /** Runs in a network of its own, which only root on Linux can make. */
  readonly ownNetwork?: boolean;
  /** Does it, and resolves with what undoes it. Rejects when it could not be done. */
  strike(cluster: Cluster): Promise<() => void | Promise<void>>;
  /** Least share of calls that must succeed; default 0.999, of calls that may be repeated. */
  readonly leastSuccess?: number;
  /** Telemetry is sent to a backend beside the store as well. */
  readonly exporter?: boolean;
  /** What programs may grow by after it, MB each; default: it is not looked at. */
  readonly memoryBoundMb?: number;
  /** It is to be noticed by nobody: times are held to how far they differ by themselves. */
  readonly isSteady?: boolean;
  /** When it is undone, as a share of the time that is left after it; default: when the load has ended. */
  readonly mendedAt?: number;
}
