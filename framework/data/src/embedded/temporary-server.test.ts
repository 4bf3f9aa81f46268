import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { isAlive } from "../process-alive.ts";
import { startTemporaryServer } from "./temporary-server.ts";

test("stopped, nothing of it is left", async () => {
  const temporary = await startTemporaryServer();
  const { server, directory } = temporary;
  await Promise.all([temporary.stop(), temporary.stop()]);
  assert.equal(isAlive(server.pid), false);
  await assert.rejects(stat(directory), { code: "ENOENT" });
});

test("it ends with the process that started it, even when that is killed", async () => {
  const program = `
    const { startTemporaryServer } = await import(${JSON.stringify(import.meta.resolve("./temporary-server.ts"))});
    const { server, directory } = await startTemporaryServer();
    console.log(JSON.stringify({ pid: server.pid, directory }));
    setInterval(() => undefined, 1000);`;
  const child = spawn(
    process.execPath,
    [...process.execArgv, "--input-type=module", "-e", program],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const { pid, directory } = JSON.parse(line) as { pid: number; directory: string };
  assert.equal(isAlive(pid), true);
  child.kill("SIGKILL");
  await once(child, "exit");
  // Not our child: all that can be seen is that it is gone. The runner's own bound ends a wait in vain.
  while (isAlive(pid)) await wait(10);
  for (;;) {
    if (
      await stat(directory).then(
        () => false,
        () => true,
      )
    )
      break;
    await wait(10);
  }
});
