import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { KerfError } from "@kerf/kernel";
import { Logger, silentLogger } from "@kerf/telemetry";
import { keyPair, snapshotOf } from "../testing/keys.ts";
import { signSnapshot } from "./signature.ts";
import { SnapshotStore } from "./store.ts";

const { publicKey, privateKey } = keyPair();
const folder = await mkdtemp(join(tmpdir(), "kerf-snapshot-"));
after(() => rm(folder, { recursive: true }));
const sign = (epoch: number, generation: number) =>
  signSnapshot(snapshotOf(epoch, generation), privateKey);

test("only what is newer is taken over, and listeners hear of it once", () => {
  const store = new SnapshotStore({ publicKey, log: silentLogger });
  let heard = 0;
  const forget = store.onChange(() => heard++);
  assert.equal(store.current, undefined);
  assert.equal(store.accept(sign(1, 5)), true);
  assert.equal(store.accept(sign(1, 5)), false);
  assert.equal(store.accept(sign(1, 4)), false);
  assert.equal(store.accept(sign(2, 1)), true);
  assert.equal(store.accept(sign(1, 9)), false);
  assert.equal(heard, 2);
  forget();
  store.accept(sign(3, 1));
  assert.equal(heard, 2);
});

test("a forged snapshot is refused and the last good one stays", () => {
  const store = new SnapshotStore({ publicKey, initial: sign(1, 1), log: silentLogger });
  const forged = signSnapshot(snapshotOf(9, 9), keyPair().privateKey);
  assert.throws(
    () => store.accept(forged),
    (error: KerfError) => error.code === "protocol_error",
  );
  assert.equal(store.current?.epoch, 1);
});

test("the last good one lies on disk for its owner only, and is used when it is newer than the boot's", async () => {
  const file = join(folder, "deep", "last.json");
  const store = new SnapshotStore({ publicKey, file, initial: sign(1, 1), log: silentLogger });
  for (let generation = 2; generation <= 20; generation++) store.accept(sign(1, generation));
  await store.written();
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(join(folder, "deep")), ["last.json"]);
  assert.equal(new SnapshotStore({ publicKey, file, log: silentLogger }).current?.generation, 20);
  assert.equal(
    new SnapshotStore({ publicKey, file, initial: sign(1, 7), log: silentLogger }).current
      ?.generation,
    20,
  );
  const later = new SnapshotStore({ publicKey, file, initial: sign(2, 1), log: silentLogger });
  assert.equal(later.current?.epoch, 2);
  await later.written();
  assert.match(await readFile(file, "utf8"), /\\"epoch\\":2/);
});

test("a file that is broken or of another environment stops no start; it is said once", async () => {
  const file = join(folder, "broken.json");
  for (const text of [
    '{"body":',
    JSON.stringify(signSnapshot(snapshotOf(9, 9), keyPair().privateKey)),
    "null",
  ]) {
    await writeFile(file, text);
    const lines: string[] = [];
    const log = new Logger({ level: "info", sink: (line) => lines.push(line) });
    const store = new SnapshotStore({ publicKey, file, initial: sign(1, 1), log });
    assert.equal(store.current?.epoch, 1);
    assert.equal(lines.length, 1);
    await store.written();
    assert.equal(new SnapshotStore({ publicKey, file, log }).current?.epoch, 1);
  }
});

test("a disk that takes nothing does not stop it", async () => {
  const lines: string[] = [];
  const log = new Logger({ level: "info", sink: (line) => lines.push(line) });
  const file = join(folder, "broken.json", "below-a-file.json");
  const store = new SnapshotStore({ publicKey, file, log });
  assert.equal(store.accept(sign(1, 1)), true);
  await store.written();
  assert.equal(store.current?.epoch, 1);
  assert.ok(lines.some((line) => line.includes("could not be written")));
});
