import type { Status } from "@kerf/control-api";
import type { StatusOptions } from "../commands/status.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { statusText } from "../output/status-text.ts";
import { type Connection, withPlatform } from "./connect.ts";
import { untilInterrupted } from "./until-interrupted.ts";

const pauseMs = 1_000;

/** Prints what runs, once or until Ctrl-C. */
export function showStatus(options: StatusOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    if (options.watch !== true) return print(await connection.client.status({}), options);
    await watch(connection, options);
  });
}

async function watch(connection: Connection, options: StatusOptions): Promise<void> {
  let shown = "";
  await untilInterrupted(async (signal, pause) => {
    while (!signal.aborted) {
      const status = await connection.client.status({}, { signal });
      // Ages change every second; a new picture is for what happened.
      const facts = JSON.stringify(status);
      if (facts !== shown || process.stdout.isTTY) {
        if (process.stdout.isTTY && options.json !== true)
          process.stdout.write("\u001b[2J\u001b[H");
        print(status, options);
      }
      shown = facts;
      await pause(pauseMs);
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
