import type { Trace } from "@kerf/kernel";
import type { CommandClaim } from "./command-records/claim.ts";

/** Isolation of a transaction; PostgreSQL's own default is read committed. */
export type Isolation = "read committed" | "repeatable read" | "serializable";

/** What a command's transaction is made with. */
export interface TransactionOptions {
  /** Monotonic milliseconds of the pool's clock; the transaction is over by then, whatever happens. */
  readonly deadline: number;
  readonly isolation?: Isolation | undefined;
  /** The key under which it is done at most once; claimed when it opens, recorded when it commits. */
  readonly claim?: CommandClaim | undefined;
  /** Called once, when the first statement opens it. */
  readonly onOpen?: (() => void) | undefined;
  /** Told what a hook after the commit throws; by default the process is warned. */
  readonly onAfterCommitError?: ((error: unknown) => void) | undefined;
  /** The span whose work it is; only of a trace that is recorded. */
  readonly trace?: Trace | undefined;
  /** It is the work of a handler, whose statements are counted. Those of the platform, which looks for work all the time, would hide them. */
  readonly counted?: boolean | undefined;
}
