import type { IncomingMessage } from "node:http";
import { operatorHeader } from "@kerf/control-api";
import type { Principal } from "@kerf/kernel";

/** Longest name that is kept, characters. */
const longestName = 64;

/** Who calls the control API: whoever holds its token, for the user that they say. That is kept as it is claimed. */
export function operatorOf(request: Pick<IncomingMessage, "headers">): Principal {
  const given = request.headers[operatorHeader];
  const user = typeof given === "string" ? decoded(given).slice(0, longestName) : "";
  return { subject: "operator", claims: user === "" ? {} : { user } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
