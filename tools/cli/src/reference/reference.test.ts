import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { examplesOf } from "../examples.ts";
import { program } from "../program.ts";
import { leafCommands, reference } from "./reference.ts";
import { referenceFile } from "./reference-file.ts";

test("the reference in docs/guides says what the commands take today", () => {
  assert.equal(
    readFileSync(referenceFile, "utf8"),
    reference(),
    "Write it again: node -C kerf-source tools/cli/src/reference/write.ts",
  );
});

test("every command has a summary, examples and --json", () => {
  for (const command of leafCommands(program())) {
    assert.notEqual(command.summary(), "", command.name());
    assert.notEqual(examplesOf(command).length, 0, command.name());
    assert.ok(
      command.options.some(({ long }) => long === "--json"),
      command.name(),
    );
  }
});
