import type { ServedArguments, ServedOperation } from "@kerf/call";
import type { watchOperations as declared } from "@kerf/control-api";
import { userOf } from "../audit/audited-operations.ts";
import type { Rollouts } from "../rollouts/rollouts.ts";

/** A rollout that watches its new copies: how they do, and an operator's word on them. */
export function watchOperations(
  rollouts: Pick<Rollouts, "watched" | "decide">,
  inFull: (run: (args: ServedArguments) => unknown) => ServedOperation,
): { readonly [Name in keyof typeof declared]: ServedOperation } {
  const deciding = (what: "promote" | "abandon") =>
    inFull(({ context, input }) => ({
      change: rollouts.decide((input as { unit: string }).unit, what, userOf(context)),
    }));
  return {
    watched: inFull(() => ({ changes: rollouts.watched })),
    promote: deciding("promote"),
    abandon: deciding("abandon"),
  };
}
