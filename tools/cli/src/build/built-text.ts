import { relative } from "node:path";
import type { Paint } from "../output/paint.ts";
import { table } from "../output/table.ts";
import type { Built } from "./run-builder.ts";

/** Digits of a digest by which people know a build. */
const shown = 12;

/** Builds for people: a table, what their authors should know, and where they lie. */
export function builtText(builds: readonly Built[], out: string, paint: Paint): string {
  const rows = builds.map(({ bytes, digest, kind, migrations, service, unchanged, version }) => [
    service,
    kind,
    version,
    digest.slice(0, shown),
    `${Math.ceil(bytes / 1024)} KiB`,
    String(migrations),
    unchanged ? "unchanged" : "new",
  ]);
  const columns = [
    { title: "SERVICE" },
    { title: "KIND" },
    { title: "VERSION" },
    { title: "BUILD" },
    { title: "SIZE", align: "right" },
    { title: "MIGRATIONS", align: "right" },
    { title: "" },
  ] as const;
  const notes = builds.flatMap(({ notes: all, service }) =>
    all.map((note) => `${paint("warn", "!")} ${service}: ${note}`),
  );
  const from = relative(process.cwd(), out);
  const where = from.startsWith("..") ? out : from;
  return [table(columns, rows), ...notes, paint("faint", `They lie in ${where}.`)].join("\n");
}
