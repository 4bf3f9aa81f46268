import { createInterface } from "node:readline/promises";
import { KerfError } from "@kerf/kernel";
import type { ReplayOptions } from "../commands/events.ts";
import { withPlatform } from "../connection/connect.ts";
import { operate } from "../connection/operate.ts";
import { printJson } from "../output/json.ts";

interface Replayed {
  readonly rebuilding: boolean;
  readonly generation?: number;
}

/** Begins a consumer anew. */
export function replayEvents(
  consumer: string,
  producer: string,
  options: ReplayOptions,
): Promise<void> {
  return withPlatform(options, async (connection) => {
    const positions = await operate<{ producer: string; model?: unknown }[]>(
      connection,
      consumer,
      "events.positions",
    );
    const isModel = positions.some(
      (each) => each.producer === producer && each.model !== undefined,
    );
    if (!isModel && options.yes !== true) await confirm(consumer, producer);
    const after =
      options.since === undefined
        ? "0"
        : await operate<string>(connection, producer, "events.before", { time: options.since });
    const replayed = await operate<Replayed>(connection, consumer, "events.replay", {
      producer,
      after,
    });
    if (options.json === true) printJson(replayed);
    else
      process.stdout.write(
        replayed.rebuilding
          ? `${consumer} builds its tables anew; \`kerf events lag ${consumer}\` shows how far it is.\n`
          : `${consumer} applies the log of ${producer} once more, as generation ${replayed.generation}.\n`,
      );
  });
}

async function confirm(consumer: string, producer: string): Promise<void> {
  if (process.stdin.isTTY !== true) {
    throw new KerfError("invalid_input", {
      message: `The handlers of ${consumer} would see events of ${producer} again.`,
      fix: "Say --yes when that is meant.",
    });
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await prompt.question(
    `The handlers of ${consumer} will see events of ${producer} again. Go on? [y/N] `,
  );
  prompt.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new KerfError("interrupted", "Nothing was changed.");
}
