import type { Contract } from "@kerf/contract";
import type { Kysely, RedisPlace } from "@kerf/data";
import type { SagaSteps } from "@kerf/saga";
import type { Logger } from "@kerf/telemetry";
import type { RawClient } from "./handlers.ts";
import type { Emit } from "./subscription.ts";
import type { NoSettings, Settings } from "./settings.ts";
import type { ClientsOf, Uses } from "./uses.ts";

/** What a local step is given: one transaction, committed together with the record of the step. */
export interface LocalStepArgs<
  C extends Contract<any, any, any>,
  Tables,
  S extends Settings = NoSettings,
> {
  readonly db: Kysely<Tables>;
  /** The connection under `db`. */
  readonly raw: RawClient;
  /** Emits the service's own events in the same transaction. */
  readonly emit: Emit<C>;
  readonly log: Logger;
  /** As handlers get it. */
  readonly config: S["config"];
  readonly secrets: S["secrets"];
  readonly redis: RedisPlace;
}

/** What the function of a service's saga works with. */
export type StepsOf<
  C extends Contract<any, any, any>,
  U extends Uses,
  Tables,
  S extends Settings = NoSettings,
> = SagaSteps<ClientsOf<U>, LocalStepArgs<C, Tables, S>>;
