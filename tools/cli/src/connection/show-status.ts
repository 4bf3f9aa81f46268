import type { Status } from "@kerf/control-api";
import type { StatusOptions } from "../commands/status.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { statusText } from "../output/status-text.ts";
import { again, comesBack, reconnectMs, reconnects } from "./comes-back.ts";
import { type Connection, withPlatform } from "./connect.ts";
import { untilInterrupted } from "./until-interrupted.ts";

/** Prints what runs, once or until Ctrl-C. */
export function showStatus(options: StatusOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    if (options.watch !== true) return print(await connection.client.status({}), options);
    await watch(connection, options);
  });
}

async function watch(first: Connection, options: StatusOptions): Promise<void> {
  const live = process.stdout.isTTY && options.json !== true;
  let connection = first;
  let shown = "";
  await untilInterrupted(async (signal, pause) => {
    for (let failures = 0; !signal.aborted; await pause(reconnectMs)) {
      const status = await connection.client.status({}, { signal }).catch((thrown: unknown) => {
        if (signal.aborted || failures >= reconnects || !comesBack(thrown)) throw thrown;
        if (failures++ === 0) process.stderr.write("the platform is away; what runs goes on\n");
        return undefined;
      });
      if (status === undefined) {
        connection = await again(connection);
        continue;
      }
      failures = 0;
      const facts = JSON.stringify(status);
      // On a terminal the ages move on; in a file only what happened is worth another picture.
      if (live) process.stdout.write("\u001b[2J\u001b[H");
      if (live || facts !== shown) print(status, options);
      shown = facts;
    }
  });
}

function print(status: Status, options: StatusOptions): void {
  if (options.json === true) printJson(status);
  else
    process.stdout.write(
      `${statusText(status, paintFor(process.stdout), process.stdout.columns || 80)}\n`,
    );
}
