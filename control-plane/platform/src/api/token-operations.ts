import type { ServedArguments, ServedOperation } from "@kerf/call";
import type { tokenOperations as declared } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import { userOf } from "../audit/audited-operations.ts";
import type { ApiSurroundings } from "./operations.ts";

type Operations = { readonly [Name in keyof typeof declared]: ServedOperation };

/** The operations on tokens that are narrowed to services. */
export function tokenOperations(
  { clock, tokens }: Pick<ApiSurroundings, "clock" | "tokens">,
  inFull: (run: (args: ServedArguments) => unknown) => ServedOperation,
): Operations {
  return {
    addToken: inFull(async ({ input, context }) => {
      const asked = input as { name: string; services: string[]; expires?: string };
      if (asked.expires !== undefined && Date.parse(asked.expires) <= clock.wall()) {
        throw new KerfError("invalid_input", {
          message: `${asked.expires} is no time to come.`,
          fix: "Give a later one.",
        });
      }
      // A service that is still to be deployed may be named.
      return { token: await tokens.add({ ...asked, by: userOf(context) }) };
    }),
    listTokens: inFull(() => ({ tokens: tokens.list() })),
    removeToken: inFull(async ({ input }) => {
      await tokens.remove((input as { name: string }).name);
      return {};
    }),
  };
}
