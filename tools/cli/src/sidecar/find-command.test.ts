import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { findCommand } from "./find-command.ts";

test("a command is found as a shell would find it here", () => {
  const folder = mkdtempSync(join(tmpdir(), "kerf-find-"));
  try {
    const program = join(folder, "program");
    writeFileSync(program, "", { mode: 0o755 });
    writeFileSync(join(folder, "text"), "", { mode: 0o644 });
    const path = ["/nowhere", folder].join(delimiter);
    assert.equal(findCommand("program", "/", path), program);
    assert.equal(findCommand("./program", folder, ""), program);
    assert.equal(findCommand(program, "/", ""), program);
    for (const name of ["text", "nothing", "./text", folder])
      assert.throws(() => findCommand(name, folder, path), { code: "usage" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
