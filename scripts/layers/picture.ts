import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Layer } from "../../layers.ts";
import { importsOf } from "./imports.ts";
import { isTest, packagesOf } from "./packages.ts";
import { packageOf } from "./violations.ts";

/** Which of our packages a package's source imports, and how often; tests are left out. */
interface Node {
  readonly name: string;
  readonly folder: string;
  /** Imported package → whether anything but types is imported. */
  readonly uses: ReadonlyMap<string, "value" | "type">;
  readonly starts: readonly string[];
}

/** The picture of the dependencies between our packages as they are: a Mermaid graph and a table, in Markdown. */
export function dependencyPicture(root: string, layers: readonly Layer[]): string {
  const nodes = nodesOf(root, layers).filter(
    ({ name }) => name !== "kerf-tests" && name !== "kerf-bench",
  );
  const onDisk = new Set(nodes.map(({ name }) => name));
  const planned = layers.filter(
    ({ name, imports }) => name !== "*" && !onDisk.has(name) && imports !== "everything",
  );
  return [
    "# Who imports whom",
    "",
    "<!-- Written by `npm run fix` from the imports in the source (scripts/layers/picture.ts); do not edit. -->",
    "",
    "The imports between our packages as they are, tests left out. Who *may* import whom, and why, stands in",
    "[`layers.ts`](../../layers.ts); `npm run verify` holds the source to it. A solid arrow imports, a dotted one imports types only,",
    "a thick one starts a program by its path and imports nothing.",
    "",
    "```mermaid",
    "graph BT",
    ...nodes.map(({ name }) => `  ${id(name)}["${name}"]`),
    ...nodes.flatMap(({ name, uses }) =>
      [...uses].map(
        ([used, kind]) => `  ${id(name)} ${kind === "value" ? "-->" : "-.->"} ${id(used)}`,
      ),
    ),
    ...nodes.flatMap(({ name, starts }) =>
      starts.map((started) => `  ${id(name)} ==> ${id(started)}`),
    ),
    "```",
    "",
    "| package | folder | imports | starts |",
    "| --- | --- | --- | --- |",
    ...nodes.map(
      ({ name, folder, uses, starts }) =>
        `| ${name} | ${folder} | ${list([...uses.keys()])} | ${list(starts)} |`,
    ),
    "",
    planned.length === 0
      ? "Every package of the layer table exists."
      : `In the layer table and not built yet: ${planned.map(({ name }) => name).join(", ")}.`,
    "",
  ].join("\n");
}

function nodesOf(root: string, layers: readonly Layer[]): Node[] {
  const packages = packagesOf(root, layers);
  const ours = new Set(packages.map(({ manifest }) => manifest.name));
  return packages.map(({ manifest, folder, files }) => {
    const uses = new Map<string, "value" | "type">();
    const starts = new Set<string>();
    for (const file of files.filter((path) => !isTest(path))) {
      const source = readFileSync(join(root, file), "utf8");
      for (const { specifier, kind } of importsOf(file, source)) {
        const name = packageOf(specifier);
        if (name !== manifest.name && ours.has(name) && uses.get(name) !== "value")
          uses.set(name, kind);
      }
      for (const [, specifier] of source.matchAll(/import\.meta\.resolve\(\s*"([^"]+)"/g)) {
        const name = packageOf(specifier!);
        if (name !== manifest.name && ours.has(name)) starts.add(name);
      }
    }
    const inOrder = (left: string, right: string): number =>
      [...ours].indexOf(left) - [...ours].indexOf(right);
    return {
      name: manifest.name,
      folder,
      uses: new Map([...uses].sort(([left], [right]) => inOrder(left, right))),
      starts: [...starts].sort(inOrder),
    };
  });
}

function id(name: string): string {
  return name.replace("@kerf/", "").replaceAll("-", "_");
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "–" : names.join(", ");
}
