// The check of the crash points, checked: what is added to a copy of the source must show.
import assert from "node:assert/strict";
import { appendFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { isCurrent } from "../generated.ts";
import { root } from "../root.ts";
import { crashPoints, crashPointsFile } from "./points.ts";
import { places, ports } from "./scope.ts";

const path = "tests/crash/points.generated.json";
const copy = mkdtempSync(join(tmpdir(), "kerf-points-"));
after(() => rmSync(copy, { recursive: true }));

beforeEach(() => {
  const folders = places.map((place) => place.replace(/\/\*\*.*$/, ""));
  for (const part of [...folders, ...ports.map(({ file }) => dirname(file)), dirname(path)])
    cpSync(join(root, part), join(copy, part), { recursive: true });
});

/** Whether `npm run verify` takes the list in the copy for one of the copy's source. */
const passes = (): boolean => isCurrent(copy, { path, text: crashPointsFile(copy) });

test("the list is that of the source", () => assert.ok(passes()));

test("a statement without a point fails the check", () => {
  appendFileSync(
    join(copy, "framework/saga/src/signals.ts"),
    'export const forget = "delete from kerf.saga_signal where topic = $1";\n',
  );
  const known = new Set(crashPoints(root).map(({ name }) => name));
  const added = crashPoints(copy).filter(({ name }) => !known.has(name));
  assert.deepEqual(
    added.map(({ name, text }) => ({ name, text })),
    [
      {
        name: "saga/signals forget: delete from kerf.saga_signal",
        text: "delete from kerf.saga_signal where topic = $1",
      },
    ],
  );
  assert.ok(!passes());
});

test("a statement that has changed fails the check, and so does a method more of a port", () => {
  appendFileSync(
    join(copy, "framework/call/src/transport.ts"),
    "export interface Transport { ask(): void }\n",
  );
  assert.ok(!passes());
});
