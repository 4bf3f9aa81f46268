import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { withConnection } from "../connection.ts";
import { serverAccount, type ServerAccount } from "./account.ts";
import { findBinaries } from "./binaries.ts";
import { clusterPaths } from "./cluster.ts";
import { EmbeddedServer } from "./embedded-server.ts";
import { own } from "./own.ts";
import { quickestDirectory } from "./quickest-directory.ts";
import { databasesKept, fillSpares, sparesKept } from "./spare-clusters.ts";
import { takeSpare } from "./take-spare.ts";

const systemSchema = [{ name: "test-0001", sql: "create table kerf.thing (n int)" }];
let place: string;
let blank: string;
let account: ServerAccount;

beforeEach(async () => {
  place = await mkdtemp(join(await quickestDirectory(), "kerf-spares-"));
  blank = join(place, "blank");
  const binaries = await findBinaries();
  account = await serverAccount([binaries.root, place], binaries.initdb);
  await own(account, place);
});

afterEach(() => rm(place, { recursive: true, force: true }));

const fill = (signal?: AbortSignal) =>
  fillSpares(account, blank, signal === undefined ? { systemSchema } : { systemSchema, signal });
const names = () => readdir(`${blank}.spares`);

/** A server's directory with a spare in it; undefined when there was none. */
async function taken(name: string): Promise<string | undefined> {
  const paths = clusterPaths(join(place, name));
  await mkdir(paths.data, { recursive: true });
  await own(account, paths.directory);
  const password = await takeSpare(blank, paths.data);
  if (password === undefined) return undefined;
  await writeFile(paths.password, password, { mode: 0o600 });
  return paths.directory;
}

test("each spare is given away once, with databases that have the platform's tables, and works as durably as any", async () => {
  assert.equal(await taken("before"), undefined);
  // Two that fill at once make no more than are kept.
  await Promise.all([fill(), fill()]);
  assert.equal((await names()).length, sparesKept);
  const all = await Promise.all(["a", "b", "c"].map(taken));
  const got = all.filter((directory) => directory !== undefined);
  assert.equal(got.length, sparesKept);
  assert.deepEqual(await names(), []);
  const server = await EmbeddedServer.start({
    directory: got[0] as string,
    socketDirectory: join(place, "s"),
  });
  try {
    await withConnection(server.database.admin(), "test", async (client) => {
      const { rows } = await client.query(
        "select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums') order by name",
      );
      assert.deepEqual(
        rows.map(({ name, setting }) => `${name} ${setting}`),
        ["data_checksums on", "fsync on", "full_page_writes on", "synchronous_commit on"],
      );
      const kept = await client.query("select from pg_database where datname like 'kerf-spare-%'");
      assert.equal(kept.rowCount, databasesKept);
    });
  } finally {
    await server.stop();
  }
});

test("what another version made and what a killed process left is cleared away", async () => {
  await fill();
  const before = await names();
  const [whole, robbed] = before as [string, string];
  await rm(join(`${blank}.spares`, robbed, "data"), { recursive: true });
  for (const name of ["new.0badcafe", "ready.0badcafe", "ready.0badcafe.0badcafe"])
    await mkdir(join(`${blank}.spares`, name));
  await fill();
  const now = await names();
  assert.equal(now.length, sparesKept);
  assert.ok(now.includes(whole) && !now.includes(robbed));
  for (const name of now) await stat(join(`${blank}.spares`, name, "data", "PG_VERSION"));
});

test("stopped in the middle, it leaves nothing unfinished behind", async () => {
  await fill(AbortSignal.abort());
  assert.deepEqual(await names(), []);
});
