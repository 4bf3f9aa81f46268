import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { LogLine } from "@kerf/control-api";
import { describeError } from "@kerf/kernel";
import type { SidecarOptions } from "../commands/sidecar.ts";
import { again, comesBack, reconnects } from "../connection/comes-back.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { untilInterrupted } from "../connection/until-interrupted.ts";
import { logLineDocument, logLineText } from "../logs/log-line-text.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { findCommand } from "./find-command.ts";

/** How often the platform hears that the program is still wanted, milliseconds; it lets go after 10 s. */
const holdMs = 2_000;
/** How long the terminal waits for what the program wrote last, milliseconds. */
const lastLinesMs = 300;

/** Runs a program in the place of the one that a service declares, until Ctrl-C, and shows what its unit writes. */
export function runSidecar(
  [name = "", ...args]: readonly string[],
  options: SidecarOptions,
): Promise<void> {
  const cwd = process.cwd();
  const { service } = options;
  const paint = paintFor(process.stdout);
  const print = (line: LogLine): void => {
    if (options.json === true) printJson(logLineDocument(line));
    else process.stdout.write(`${logLineText(line, paint)}\n`);
  };
  return withPlatform(options, async (first) => {
    const command = [findCommand(name, cwd, process.env["PATH"] ?? ""), ...args];
    const holder = randomBytes(9).toString("base64url");
    const program = { service, holder, command, cwd };
    let connection = first;
    await untilInterrupted(async (signal, pause) => {
      const shown = new AbortController();
      const logs = follow(() => connection, service, print, shown.signal);
      try {
        await connection.client.attachProgram(program, { signal });
        say(`${name} serves ${service} now; Ctrl-C ends it.`);
        for (let failures = 0; !signal.aborted;) {
          await pause(holdMs);
          if (signal.aborted) break;
          try {
            await connection.client.attachProgram(program);
            failures = 0;
          } catch (thrown) {
            if (++failures > reconnects || !comesBack(thrown)) throw thrown;
            if (failures === 1) say("The platform is away; kerf dev brings it back if it runs.");
            connection = await again(connection);
          }
        }
      } finally {
        if (signal.aborted) {
          say(`${name} finishes what it has begun …`);
          await connection.client.detachProgram({ service, holder }).then(
            () => say(`${service} is what the app declares again.`),
            (thrown: unknown) => say(`The platform was not told: ${describeError(thrown)}`),
          );
          // Its last lines are on their way.
          await wait(lastLinesMs);
        }
        shown.abort();
        await logs;
      }
    });
  });
}

/** Tells what the unit of the service writes from now on; over restarts of the platform, which end no program. Never rejects. */
async function follow(
  connection: () => Connection,
  service: string,
  print: (line: LogLine) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const lines = connection().client.logs({ service, tail: 0, follow: true }, { signal });
      for await (const line of lines) print(line);
    } catch (thrown) {
      // What keeps the program attached says what is wrong with the platform.
      if (!comesBack(thrown)) return;
    }
    await wait(holdMs, undefined, { signal }).catch(() => {});
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
