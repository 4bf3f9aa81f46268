import { policyDefaults } from "@kerf/call";
import { type ErrorCode, errorCodes, KerfError, type RetryMeaning } from "@kerf/kernel";
import { meansTrouble } from "../../framework/call/src/policies/circuit-breaker.ts";
import { mayRepeat } from "../../framework/call/src/policies/retry.ts";
import { tableOf } from "./table.ts";

const meanings: Record<RetryMeaning, string> = {
  "not-executed": "not executed",
  unknown: "may have been executed",
  never: "gives the same answer",
};

/** What an open breaker says itself teaches it nothing (pipeline.ts). */
const ownOfTheBreaker = "circuit_open";

/** The table of the platform's error codes, with what the call path does about each: asked of the policies themselves. */
export function errorTable(): string {
  const rows = Object.entries(errorCodes).map(([code, { status, retry }]) => {
    const error = new KerfError(code as ErrorCode, "");
    const trouble =
      code !== ownOfTheBreaker
        ? meansTrouble(error, policyDefaults.attemptFloorMs, policyDefaults)
        : undefined;
    return [
      `\`${code}\``,
      String(status),
      meanings[retry],
      mayRepeat("query", error, false) ? "yes" : "",
      mayRepeat("command", error, true)
        ? mayRepeat("command", error, false)
          ? "yes"
          : "recorded"
        : "",
      trouble === true ? "failure" : trouble === false ? "answer" : "",
    ];
  });
  return tableOf(
    [
      "code",
      "HTTP",
      "sending it again",
      "query repeated",
      "command repeated",
      "breaker counts it as",
    ],
    rows,
  );
}
