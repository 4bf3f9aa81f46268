import assert from "node:assert/strict";
import { test } from "node:test";
import { firstDifference, shapeOf } from "./shape.ts";
import { failsAsShown, stepsOf } from "./steps.ts";

test("commands of a guide are read in their order, with what it shows of their answers", () => {
  const guide = [
    "```sh",
    "# By itself:",
    "npx kerf up   # in the background",
    "npx kerf call \\",
    "  catalog.list",
    "```",
    "",
    "```",
    "$ npx kerf deploy a",
    "✗ no",
    "$ npx kerf status",
    "all",
    "```",
    "```ts",
    "const a = 1;",
    "```",
  ].join("\n");
  const steps = stepsOf(guide);
  assert.deepEqual(
    steps.map(({ command, shown }) => [command, shown?.length]),
    [
      ["npx kerf up   # in the background", undefined],
      ["npx kerf call catalog.list", undefined],
      ["npx kerf deploy a", 1],
      ["npx kerf status", 1],
    ],
  );
  assert.deepEqual(steps.map(failsAsShown), [false, false, true, false]);
});

test("answers are held to the shape that a guide shows, and to nothing that is another one each time", () => {
  assert.equal(
    shapeOf("✓ Building search  cb48c6c3b7ee  283 KiB  1.1 s"),
    "✓ Building search DIGEST SIZE TIME",
  );
  const shown = ["done after 4.0 s", "…", "  memory  1 → 2 MB", "    a.b   1.2 → 3  4 → 5"];
  const said = [
    "done after 87 ms",
    "  processes  1 → 2",
    "  memory  10 → 12 MB",
    "    a.b   too few calls  0 → 1",
  ];
  assert.equal(firstDifference(shown, said), undefined);
  assert.equal(firstDifference(shown.with(0, "failed after 4.0 s"), said), "failed after 4.0 s");
  assert.equal(firstDifference(shown.toSpliced(1, 1), said), "  memory  1 → 2 MB");
  assert.match(firstDifference(shown, [...said, "and more"]) ?? "", /nothing more.*and more/);
});
