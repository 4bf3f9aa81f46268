import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { removeOldServers } from "./old-servers.ts";
import { serverDirectory } from "./server-directory.ts";

const day = 24 * 3_600_000;

/** A folder of servers; each was used so many days ago, and may run under a pid. */
async function servers(t: TestContext, made: Record<string, { days: number; pid?: number }>) {
  const home = await mkdtemp(join(tmpdir(), "kerf-old-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  for (const [name, { days, pid }] of Object.entries(made)) {
    const data = join(home, name, "server", "data");
    await mkdir(data, { recursive: true });
    if (pid !== undefined) await writeFile(join(data, "postmaster.pid"), `${pid}\n`);
    const usedAt = new Date(Date.now() - days * day);
    await utimes(join(home, name), usedAt, usedAt);
  }
  return home;
}

test("what was not used for days and does not run goes; all else stays", async (t) => {
  const [own, idle, fresh, running, crashed] = ["a", "b", "c", "d", "e"].map((letter) =>
    letter.repeat(16),
  ) as [string, string, string, string, string];
  const home = await servers(t, {
    [own]: { days: 30 },
    [idle]: { days: 3 },
    [fresh]: { days: 1 },
    [running]: { days: 3, pid: process.pid },
    // Pids end at 2^22 on the systems that we know.
    [crashed]: { days: 3, pid: 2 ** 30 },
    "not-a-server": { days: 30 },
  });
  await removeOldServers(serverDirectory(join(home, own)));
  assert.deepEqual((await readdir(home)).sort(), [own, fresh, running, "not-a-server"].sort());
});
