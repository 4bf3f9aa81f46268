import type { LogRecord } from "@kerf/control-api";
import type { LogsOptions } from "../commands/logs.ts";
import { again, comesBack, reconnectMs, reconnects } from "../connection/comes-back.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { untilInterrupted } from "../connection/until-interrupted.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { logRecordDocument, logRecordText } from "./log-record-text.ts";

/** Lines of one answer while following, at most. */
const followLimit = 10_000;
/** How much later than it was written a line may be found, milliseconds; it is looked for again so long. */
const lateMs = 10_000;

/** Prints the last lines that a query finds, and those that come when that is asked for. */
export function searchLogs(query: string, options: LogsOptions): Promise<void> {
  const paint = paintFor(process.stdout);
  const print = (record: LogRecord): void => {
    if (options.json === true) printJson(logRecordDocument(record));
    else process.stdout.write(`${logRecordText(record, paint)}\n`);
  };
  return withPlatform(options, async (connection) => {
    const { lines, since } = options;
    const from = since === undefined ? undefined : Date.now() - since;
    // None at first is asked of `--lines 0 --follow`.
    const limit = Math.max(1, lines);
    const { logs, searched } = await connection.client.logRecords({
      query,
      limit,
      ...(from && { from }),
    });
    const found = lines === 0 ? [] : logs.toReversed();
    for (const record of found) print(record);
    if (options.follow === true) return follow(connection, query, logs, print);
    if (found.length === 0)
      process.stderr.write(`none of ${searched.rows} lines fits (${Math.round(searched.ms)} ms)\n`);
  });
}

/** Asks again and again until Ctrl-C, over restarts of the platform and of its store. */
async function follow(
  first: Connection,
  query: string,
  printed: readonly LogRecord[],
  print: (record: LogRecord) => void,
): Promise<void> {
  let connection = first;
  let seen = new Map(printed.map((record) => [keyOf(record), record.at]));
  await untilInterrupted(async (signal, pause) => {
    let from = Date.now() - lateMs;
    for (let failures = 0; !signal.aborted; await pause(reconnectMs)) {
      const until = Date.now();
      const asked = { query, from, limit: followLimit };
      const answer = await connection.client
        .logRecords(asked, { signal })
        .catch((thrown: unknown) => {
          if (
            signal.aborted ||
            failures++ >= reconnects ||
            !(comesBack(thrown) || isStoreAway(thrown))
          )
            throw thrown;
          return undefined;
        });
      if (answer === undefined) {
        connection = await again(connection);
        continue;
      }
      failures = 0;
      for (const record of answer.logs.toReversed()) {
        const key = keyOf(record);
        if (seen.has(key)) continue;
        seen.set(key, record.at);
        print(record);
      }
      from = until - lateMs;
      seen = new Map([...seen].filter(([, at]) => at / 1_000 >= from - lateMs));
    }
  });
}

/** The platform answers, and its store is being started again. */
function isStoreAway(thrown: unknown): boolean {
  const { code, data } = thrown as { code?: string; data?: { code?: string } };
  return code === "failed" && data?.code === "unavailable";
}

function keyOf({ at, body, instance, service, spanId }: LogRecord): string {
  return JSON.stringify([at, service, instance, spanId, body]);
}
