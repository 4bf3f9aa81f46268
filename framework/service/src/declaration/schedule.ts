import type { Clock } from "@kerf/kernel";
import type { Contract } from "@kerf/contract";
import type { Kysely, RedisPlace } from "@kerf/data";
import type { ScheduleDefinition, StartSaga } from "@kerf/saga";
import type { Logger } from "@kerf/telemetry";
import type { RawClient } from "./handlers.ts";
import type { NoSettings, Settings } from "./settings.ts";
import type { Emit } from "./subscription.ts";

/** What the function of a schedule is given: one transaction, committed together with the mark that this occurrence was done. */
export interface ScheduleArgs<
  C extends Contract<any, any, any>,
  Tables,
  S extends Settings = NoSettings,
> {
  /** When it was due; what is missed and done later has the time that it was missed at. */
  readonly at: Date;
  readonly db: Kysely<Tables>;
  /** The connection under `db`. */
  readonly raw: RawClient;
  /** Emits the service's own events in the same transaction. */
  readonly emit: Emit<C>;
  /** Starts a saga of the service, for what takes longer than a transaction or concerns other services. */
  readonly start: StartSaga;
  readonly log: Logger;
  readonly clock: Clock;
  /** As handlers get it. */
  readonly config: S["config"];
  readonly secrets: S["secrets"];
  readonly redis: RedisPlace;
}

/** Asks for a comparison with the schedule's transaction. */
export type AskReconciliation = (name: string, repair: boolean) => Promise<void>;

/** A schedule with what it does. */
export interface DeclaredSchedule extends ScheduleDefinition {
  readonly run: (args: never) => Promise<void> | void;
}
