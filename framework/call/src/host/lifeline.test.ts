import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

const module = JSON.stringify(new URL("./lifeline.ts", import.meta.url).href);
const host = `
  import { watchLifeline } from ${module};
  watchLifeline(() => { console.log("gone"); process.exit(3); });
  setInterval(() => {}, 1e9);
  console.log("watching " + process.pid);
`;
// A launcher that hands its lifeline through a platform to a host, and waits to be killed.
const launcher = `
  import { spawn } from "node:child_process";
  const child = spawn(process.execPath, ["-C", "kerf-source", "--input-type=module", "-e", ${JSON.stringify(host)}], {
    stdio: ["ignore", "inherit", "inherit", "ignore", "pipe"], detached: true,
    env: { ...process.env, KERF_LIFELINE_FD: "4" },
  });
  setInterval(() => {}, 1e9);
`;

test(
  "a host hears of it when whoever started everything is killed",
  { timeout: 20_000 },
  async () => {
    const parent = spawn(process.execPath, ["--input-type=module", "-e", launcher], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const output = parent.stdout as NodeJS.ReadableStream;
    const first = String((await once(output, "data"))[0]);
    assert.match(first, /^watching \d+/);
    const second = once(output, "data");
    parent.kill("SIGKILL");
    assert.match(String((await second)[0]), /gone/);
    await once(output, "end");
  },
);

test(
  "without a lifeline there is nothing to watch, and watching keeps no process alive",
  { timeout: 20_000 },
  async () => {
    const idle = `import { watchLifeline } from ${module}; watchLifeline(() => process.exit(3));`;
    for (const env of [{}, { KERF_LIFELINE_FD: "4" }]) {
      const child = spawn(
        process.execPath,
        ["-C", "kerf-source", "--input-type=module", "-e", idle],
        {
          stdio: ["ignore", "inherit", "inherit", "ignore", "pipe"],
          env: { PATH: process.env["PATH"], ...env },
        },
      );
      assert.deepEqual(await once(child, "exit"), [0, null]);
    }
  },
);

test(
  "a lifeline that was promised and is not there counts as gone",
  { timeout: 20_000 },
  async () => {
    const lone = `import { watchLifeline } from ${module}; watchLifeline(() => process.exit(3));`;
    const child = spawn(
      process.execPath,
      ["-C", "kerf-source", "--input-type=module", "-e", lone],
      {
        stdio: ["ignore", "inherit", "inherit"],
        env: { PATH: process.env["PATH"], KERF_LIFELINE_FD: "97" },
      },
    );
    assert.deepEqual(await once(child, "exit"), [3, null]);
  },
);
