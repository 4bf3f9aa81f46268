import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

test("a gateway starts without Node's HTTP client, which costs it 16 MB", async () => {
  const program = `await import(${JSON.stringify(import.meta.resolve("./index.ts"))});
    console.log(JSON.stringify(process.moduleLoadList.filter((name) => name.includes("undici"))));`;
  const args = ["--conditions=kerf-source", "--input-type=module", "--eval", program];
  const { stdout } = await run(process.execPath, args);
  assert.deepEqual(JSON.parse(stdout), []);
});
