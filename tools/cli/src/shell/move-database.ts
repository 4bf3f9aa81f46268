import { resolve } from "node:path";
import type { DatabaseMoveReport } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import { withSteps } from "../changes/run-change.ts";
import type { DbDropOldOptions, DbMoveOptions } from "../commands/db.ts";
import { withPlatform } from "../connection/connect.ts";
import { duration } from "../output/duration.ts";
import { printJson } from "../output/json.ts";
import { printable } from "../output/printable.ts";
import { readValue } from "../secrets/read-value.ts";

type Destination = { embedded: string } | { urlFile: string } | { url: string };

/** Moves a service's database and prints what was proved. */
export async function moveDatabase(service: string, options: DbMoveOptions): Promise<void> {
  const to = await destination(options);
  const { maxPause } = options;
  await withPlatform(options, async ({ client }) => {
    const report = await withSteps(client, options, ({ change }) =>
      client.moveDatabase({
        change,
        service,
        to,
        ...(maxPause === undefined ? undefined : { maxPauseMs: maxPause * 1_000 }),
      }),
    );
    if (options.json === true) return printJson(report);
    process.stdout.write(`${reportText(report)}\n`);
  });
}

/** Drops what a service has left by moves. */
export function dropOldDatabases(service: string, options: DbDropOldOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const answer = await client.dropLeftDatabases({ service });
    if (options.json === true) return printJson(answer);
    const lines = answer.dropped.map(
      ({ database, server }) => `Dropped ${printable(database)} on ${printable(server)}.`,
    );
    process.stdout.write(
      `${lines.length === 0 ? `${service} has left no database.` : lines.join("\n")}\n`,
    );
  });
}

function reportText(report: DatabaseMoveReport): string {
  const { from, instances, left, notes, pauseMs, rows, service, tables, to } = report;
  const serving = instances.length === 0 ? "no copy runs here" : instances.join(", ");
  return [
    `The database of ${service} is on ${to}: ${tables.length} tables with ${rows} rows, equal on both servers. Writes waited ${duration(pauseMs)}.`,
    `With it: ${serving}.`,
    `The old one is on ${from} as ${left.database}, and nobody can write to it; when it is not needed any more: kerf db drop-old ${service}`,
    ...notes.map((note) => `Mind: ${printable(note)}.`),
  ].join("\n");
}

/** Where to; a password never stands in arguments, where every user of the machine can read it. */
async function destination({ to, toFile }: DbMoveOptions): Promise<Destination> {
  if ((to === undefined) === (toFile === undefined))
    throw usage("Either --to or --to-file says where the database is to go.");
  if (toFile !== undefined) return { urlFile: resolve(toFile) };
  if (to === "-") return { url: (await readValue("URL of the server: ", undefined)).value };
  const embedded = /^embedded:(.*)$/.exec(to ?? "")?.[1];
  if (embedded !== undefined) return { embedded };
  throw usage(
    /^postgres(ql)?:/.test(to ?? "")
      ? "The URL of a server has a password in it, and arguments can be read by others."
      : "--to names no server.",
  );
}

function usage(message: string): KerfError {
  return new KerfError("usage", {
    message,
    fix: "--to embedded:NAME for a server of this machine; --to-file FILE, or --to - and the URL on stdin, for another one.",
  });
}
