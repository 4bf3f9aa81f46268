import type { Kysely } from "@kerf/data";
import type { Difference, Keyed, ScheduleTimes } from "@kerf/saga";
import type { Logger } from "@kerf/telemetry";
import type { RawClient } from "./handlers.ts";
import type { ClientsOf, Uses } from "./uses.ts";

/** Which part of a side is wanted: keys behind `after`, in the order of code units, `limit` at most. */
export interface PageRequest {
  readonly after: string | undefined;
  readonly limit: number;
}

/** How the data of a service is compared with what another one says. */
export interface Reconciliation<U extends Uses, Tables, Row extends Keyed> {
  /** When it is compared. */
  readonly at: ScheduleTimes;
  /** A difference of what either side changed since then is left out: it may still be on its way; milliseconds. Default 5 minutes. */
  readonly settleMs?: number;
  /** Pages of the service's own data. */
  readonly ours: (
    args: PageRequest & { readonly db: Kysely<Tables>; readonly raw: RawClient },
  ) => Promise<readonly Row[]>;
  /** Pages of what the other says. */
  readonly theirs: (
    args: PageRequest & { readonly clients: ClientsOf<U> },
  ) => Promise<readonly Row[]>;
  /** Whether two rows of a key agree; by default when they are the same as JSON, but for `at`. */
  readonly same?: (ours: Row, theirs: Row) => boolean;
  /**
   * Mends one difference by commands, whose keys follow from the run and the key; answers whether it could. It is asked for by
   * `kerf reconcile … --repair`, or always with `repairs: "always"`.
   */
  readonly repair?: (
    difference: Difference<Row>,
    args: {
      readonly clients: ClientsOf<U>;
      /** Read-only statements on the service's database. */
      readonly db: Kysely<Tables>;
      readonly log: Logger;
    },
  ) => Promise<boolean>;
  /** Default `asked`. */
  readonly repairs?: "asked" | "always";
}
