import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** Every module that `entry` pulls in at run time. */
async function reachable(entry: string, seen = new Set<string>()): Promise<Set<string>> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  if (!entry.startsWith("file:")) return seen;
  const source = await readFile(fileURLToPath(entry), "utf8");
  const imports = source.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from\s+["']([^"']+)["']/gm);
  for (const [, specifier] of imports) {
    const resolved = specifier?.startsWith(".")
      ? new URL(specifier, entry).href
      : import.meta.resolve(specifier as string);
    await reachable(resolved, seen);
  }
  return seen;
}

test("the browser entry needs nothing of Node", async () => {
  const modules = await reachable(import.meta.resolve("@kerf/call/browser"));
  assert.ok(modules.size > 10, [...modules].join("\n"));
  assert.deepEqual(
    [...modules].filter((module) => module.startsWith("node:")),
    [],
  );
});
