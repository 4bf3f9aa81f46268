import { logFields } from "@kerf/telemetry";
import { tableOf } from "./table.ts";

/** The fields that the platform writes into a log line, as a table. */
export function logFieldTable(): string {
  return tableOf(
    ["field", "meaning"],
    Object.entries(logFields).map(([name, meaning]) => [`\`${name}\``, meaning]),
  );
}
