import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { DbTypesOptions } from "../commands/db.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { exitCodes } from "../exit-code.ts";
import { printJson } from "../output/json.ts";

/** A file with table types. `stale`: it is not what the database says. */
interface TypesFile {
  readonly service: string;
  readonly file: string;
  readonly state: "current" | "written" | "stale";
}

/** Writes, or with `--check` only compares, the table types of one service or of all. */
export function databaseTypes(service: string | undefined, options: DbTypesOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const services = service === undefined ? await servicesWithData(connection) : [service];
    const files: TypesFile[] = [];
    for (const name of services)
      files.push(await bringUpToDate(connection, name, options.check === true));
    const stale = files.filter(({ state }) => state === "stale");
    if (options.json === true) {
      // The answer says it, and is the one document.
      if (stale.length > 0) process.exitCode = exitCodes.failed;
      return printJson({ files });
    }
    for (const { service: name, file, state } of files) {
      process.stdout.write(`${name}: ${relative(process.cwd(), file)} ${sentences[state]}\n`);
    }
    if (stale.length === 0) return;
    throw new KerfError("stale_types", {
      message: `The table types of ${stale.map(({ service: name }) => name).join(", ")} are not what the migrations made.`,
      fix: "Run kerf db types and commit what it writes.",
      data: { files: stale },
    });
  });
}

const sentences = {
  current: "is up to date",
  written: "written",
  stale: "is out of date",
} as const;

async function servicesWithData({ client }: Connection): Promise<string[]> {
  const { databases } = await client.status({});
  return databases.flatMap(({ services }) => services).sort();
}

async function bringUpToDate(
  { client }: Connection,
  service: string,
  check: boolean,
): Promise<TypesFile> {
  const { text, file } = await client.databaseTypes({ service });
  const present = await readFile(file, "utf8").catch(() => undefined);
  if (present === text) return { service, file, state: "current" };
  if (check) return { service, file, state: "stale" };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return { service, file, state: "written" };
}
