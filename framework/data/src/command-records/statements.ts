import type { ClientBase, QueryResult } from "pg";
import { KerfError } from "@kerf/kernel";
import type { CommandClaim, RecordedAnswer } from "./claim.ts";
import type { Statement } from "../session.ts";

interface ClaimRow {
  state: "fresh" | "in_flight" | "answered" | "reused";
  failed: boolean | null;
  answer: string | null;
}

/**
 * Claims a key in the transaction that was just begun, and sets the savepoint `effect` when the command may be declined. One round
 * trip. Throws `key_reused` when the key was used for another input.
 */
export async function claim(
  client: ClientBase,
  claimed: CommandClaim,
  effect: string,
): Promise<"fresh" | "in_flight" | RecordedAnswer> {
  const { scope, input, lock, mayDecline } = claimed;
  // Plain text, so that both are one message; the three values are hex and digits that we made ourselves.
  const text = `select * from kerf.command_claim('${scope}', '${input}', ${lock})`;
  const results = (await client.query(
    mayDecline ? `${text}; savepoint ${effect}` : text,
  )) as unknown as QueryResult<ClaimRow> | QueryResult<ClaimRow>[];
  const [row] = (Array.isArray(results) ? (results[0] as QueryResult<ClaimRow>) : results).rows;
  const { state, failed, answer } = row as ClaimRow;
  if (state === "fresh" || state === "in_flight") return state;
  if (state === "answered") return { failed: failed === true, answer: answer as string };
  throw new KerfError("key_reused", {
    message: "This idempotency key was used for another request.",
    why: "Under one key a command is done once, and what came now has another input than what was done.",
    fix: "Use a new key for each new request.",
  });
}

/** What writes the record: the last statement of the command's transaction. */
export function insertRecord(claimed: CommandClaim, { failed, answer }: RecordedAnswer): Statement {
  return {
    text: "select kerf.command_answer($1, $2, $3, $4)",
    values: [claimed.scope, claimed.input, failed, answer],
  };
}
