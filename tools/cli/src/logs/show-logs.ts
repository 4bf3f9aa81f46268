import type { LogLine } from "@kerf/control-api";
import type { LogsOptions } from "../commands/logs.ts";
import { again, comesBack, reconnectMs, reconnects } from "../connection/comes-back.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { untilInterrupted } from "../connection/until-interrupted.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { logLineDocument, logLineText } from "./log-line-text.ts";

/** Prints the last lines of a log, and what follows when that is asked for. */
export function showLogs(service: string | undefined, options: LogsOptions): Promise<void> {
  const paint = paintFor(process.stdout);
  const print = (line: LogLine): void => {
    if (options.json === true) printJson(logLineDocument(line));
    else process.stdout.write(`${logLineText(line, paint)}\n`);
  };
  return withPlatform(options, async (connection) => {
    if (options.follow === true) return follow(connection, service, options.lines, print);
    for await (const line of connection.client.logs(request(service, options.lines, false)))
      print(line);
  });
}

function request(service: string | undefined, tail: number, follow: boolean) {
  return { ...(service === undefined ? undefined : { service }), tail, follow };
}

/** Follows a log until Ctrl-C, over restarts of the platform, which end no instance and so no log. */
async function follow(
  first: Connection,
  service: string | undefined,
  lines: number,
  print: (line: LogLine) => void,
): Promise<void> {
  await untilInterrupted(async (signal, pause) => {
    let connection = first;
    let tail = lines;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        for await (const line of connection.client.logs(request(service, tail, true), { signal })) {
          failures = 0;
          tail = 0;
          print(line);
        }
      } catch (thrown) {
        if (signal.aborted || failures >= reconnects || !comesBack(thrown)) throw thrown;
      }
      await pause(reconnectMs);
      connection = await again(connection);
    }
  });
}
