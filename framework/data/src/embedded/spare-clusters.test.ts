import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { ServerAccount } from "./account.ts";
import { fillSpares, sparesKept, takeSpare } from "./spare-clusters.ts";

const ourselves: ServerAccount = {
  owner: undefined,
  wrap: (command, args) => ({ command, args }),
};
let place: string;
let blank: string;

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "kerf-spares-"));
  blank = join(place, "blank");
  await mkdir(blank);
  await writeFile(join(blank, "PG_VERSION"), "18\n");
});

afterEach(() => rm(place, { recursive: true, force: true }));

async function taken(name: string): Promise<boolean> {
  const data = join(place, name);
  await mkdir(data);
  return takeSpare(blank, data);
}

test("each spare is given away once, whole, and put back", async () => {
  assert.equal(await taken("before"), false);
  await fillSpares(ourselves, blank, undefined);
  const all = await Promise.all(["a", "b", "c"].map(taken));
  assert.equal(all.filter(Boolean).length, sparesKept);
  const got = ["a", "b", "c"].filter((_, i) => all[i] === true);
  for (const name of got) assert.deepEqual(await readdir(join(place, name)), ["PG_VERSION"]);
  await fillSpares(ourselves, blank, undefined);
  assert.equal(await taken("d"), true);
});

test("two that fill at once make no more than are kept; what a killed one left is cleared away", async () => {
  await mkdir(join(`${blank}.spares`, "new.0badcafe"), { recursive: true });
  await Promise.all([
    fillSpares(ourselves, blank, undefined),
    fillSpares(ourselves, blank, undefined),
  ]);
  const names = await readdir(`${blank}.spares`);
  assert.equal(names.length, sparesKept);
  assert.ok(names.every((name) => name.startsWith("ready.")));
});

test("stopped in the middle, it leaves nothing unfinished behind", async () => {
  await fillSpares(ourselves, blank, AbortSignal.abort());
  assert.deepEqual(await readdir(`${blank}.spares`), []);
});
