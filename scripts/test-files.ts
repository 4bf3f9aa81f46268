import { globSync } from "node:fs";

/** Where tests stand: beside the code of every workspace, and of these scripts. */
const places = [
  "scripts",
  "framework/*/src",
  "data-plane/*/src",
  "control-plane/*/src",
  "tools/*/src",
  "testing/src",
  "kerf/src",
  "examples/*",
  "docs/guides/examples",
  "tests",
  "bench",
];

/** Folders whose files only look like tests: broken on purpose, templates of new apps, or not ours. */
const not = /(^|\/)(node_modules|dist|fixtures|templates)(\/|$)/;

/** The test files below `root`, as sorted relative paths: the ordinary ones, or those that need an engine (`*.engine.test.ts`). */
export function testFiles(root: string, kind: "ordinary" | "engines"): string[] {
  return globSync(
    places.map((place) => `${place}/**/*.test.ts`),
    { cwd: root, exclude: (path) => not.test(path) },
  )
    .filter((path) => !not.test(path) && path.endsWith(".engine.test.ts") === (kind === "engines"))
    .sort();
}
