import type { IncomingMessage } from "node:http";
import { operatorHeader, type TokenStatus } from "@kerf/control-api";
import type { CallContext, Principal } from "@kerf/kernel";

/** Longest name that is kept, characters. */
const longestName = 64;

/** Who calls the control API: whoever holds its token, or a narrowed one, for the user that they say. That is kept as it is claimed. */
export function operatorOf(
  request: Pick<IncomingMessage, "headers">,
  holder: TokenStatus | undefined,
): Principal {
  const given = request.headers[operatorHeader];
  const user = typeof given === "string" ? decoded(given).slice(0, longestName) : "";
  return {
    subject: "operator",
    claims: {
      ...(user === "" ? undefined : { user }),
      ...(holder === undefined
        ? undefined
        : { token: holder.name, services: [...holder.services] }),
    },
  };
}

/** The narrowed token that a call was made with, by its name, and what it is narrowed to; undefined for the operator's own. */
export function holderOf({
  principal,
}: Pick<CallContext, "principal">): { token: string; services: readonly string[] } | undefined {
  const { services, token } = principal?.claims ?? {};
  if (typeof token !== "string") return undefined;
  return { token, services: services as readonly string[] };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
