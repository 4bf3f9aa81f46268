import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Rota } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import type { OnCallOptions, SetRotaOptions } from "../commands/on-call.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { onCallTable } from "./show.ts";

/** Sets the rota of a team, from a file or stdin. */
export function setRota(team: string, options: SetRotaOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const rota = await readRota(options.file);
    const set = await client.setRota({ team, rota });
    if (options.json === true) return printJson(set);
    process.stdout.write(`${onCallTable([set.team])}\n`);
  });
}

/** Removes the rota of a team. */
export function removeRota(team: string, options: OnCallOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const done = await client.removeRota({ team });
    if (options.json === true) return printJson(done);
    process.stdout.write(`${team} has no rota any more.\n`);
  });
}

/** What it says is checked where it is kept. */
async function readRota(file: string | undefined): Promise<Rota> {
  try {
    const given = file === undefined ? await text(process.stdin) : await readFile(file, "utf8");
    return JSON.parse(given) as Rota;
  } catch (cause) {
    throw new KerfError("usage", {
      message: `${file ?? "What came on stdin"} is no rota: ${(cause as Error).message}`,
      fix: 'Write {"people": [{"name": "ada", "email": "ada@example.org"}], "begins": "2026-01-05"}; kerf oncall set --help names the rest.',
      cause,
    });
  }
}
