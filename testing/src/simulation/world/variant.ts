import type { SagaDefinition } from "@kerf/saga";
import type { KnownStatement } from "../database/statement-table.ts";

/** What is done otherwise than the engines do it, on purpose: whether the properties would notice. Empty for the engines as they are. */
export interface Variant {
  /** Statements that do something else. */
  readonly statements?: readonly KnownStatement[];
  /** The saga, seen through something broken. */
  readonly saga?: (saga: SagaDefinition) => SagaDefinition;
  /** A command is answered before it is committed. */
  readonly answersEarly?: boolean;
  /** A consumer's effect is committed in a transaction of its own, apart from the watermark. */
  readonly appliesApart?: boolean;
}
