import assert from "node:assert/strict";
import { test } from "node:test";
import { relativeLinks } from "./markdown-links.ts";

test("links to files are found with their line, all others are left alone", () => {
  const page = [
    "[a](ARCHITECTURE.md), [`b`](framework/call/src/pipeline.ts#L3)",
    "[c](https://example.com/x.md) and [d](#place)",
    "```md",
    "[e](nowhere.md)",
    "```",
    "![f](../picture.svg)",
  ].join("\n");
  assert.deepEqual(relativeLinks(page), [
    { line: 1, target: "ARCHITECTURE.md" },
    { line: 1, target: "framework/call/src/pipeline.ts" },
    { line: 6, target: "../picture.svg" },
  ]);
});
