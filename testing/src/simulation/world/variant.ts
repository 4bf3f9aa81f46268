import type { SagaDefinition } from "@kerf/saga";
import type { DatabaseFaults } from "../database/server.ts";
import type { KnownStatement } from "../database/statement-table.ts";

/** How a program is struck. A long pause goes beyond every lease. */
export const strikeKinds = ["kill", "pause", "long pause", "crash", "cut off", "stop"] as const;
export type StrikeKind = (typeof strikeKinds)[number];

/** What is done otherwise than the engines do it, on purpose: whether the properties would notice. Empty for the engines as they are. */
export interface Variant {
  /** How and when programs are struck, where chance alone would seldom find what is broken. */
  readonly strike?: { readonly at: string; readonly kind: StrikeKind };
  /** Faults of the database, in place of those that are drawn. */
  readonly faults?: Partial<DatabaseFaults>;
  /** Statements that do something else. */
  readonly statements?: readonly KnownStatement[];
  /** The saga, seen through something broken. */
  readonly saga?: (saga: SagaDefinition) => SagaDefinition;
  /** A command is answered before it is committed. */
  readonly answersEarly?: boolean;
  /** A consumer's effect is committed in a transaction of its own, apart from the watermark. */
  readonly appliesApart?: boolean;
}
