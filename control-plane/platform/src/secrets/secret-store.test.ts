import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { KerfError, ManualClock } from "@kerf/kernel";
import { keptVersions } from "../settings/versions.ts";
import { MasterKeys } from "./master-keys.ts";
import { readSecretFile, type SecretFile, writeSecretFile } from "./secret-file.ts";
import { SecretStore } from "./secret-store.ts";
import { SeenRevisions } from "./seen-revisions.ts";

interface Given {
  readonly environment?: string;
  readonly root?: string;
  readonly named?: number[];
}

function openStore(t: TestContext, { environment = "test", root: given, named = [] }: Given = {}) {
  const root = given ?? mkdtempSync(join(tmpdir(), "kerf-secrets-"));
  if (given === undefined) t.after(() => rmSync(root, { recursive: true }));
  const directory = join(root, "secrets");
  mkdirSync(directory, { recursive: true });
  const keys = new MasterKeys(join(root, "keys", "master.json"));
  const seen = new SeenRevisions(join(root, "keys", "seen.json"));
  const clock = new ManualClock();
  const store = new SecretStore({
    environment,
    directory,
    keys,
    seen,
    clock,
    named: () => named,
  });
  return { store, keys, root, file: (service: string) => join(directory, `${service}.json`) };
}

const invalid = { name: "KerfError", code: "invalid_configuration" };

test("values come back by version; each change is a new one, and numbers go on", async (t) => {
  const { store, file } = openStore(t);
  assert.equal(store.version("pay"), 0);
  assert.deepEqual(store.values("pay", 0), {});
  await store.set("pay", "keyA", "first", { by: "ada" });
  await store.set("pay", "keyB", "ünïcode\n", { by: "bob" });
  await store.set("pay", "keyA", "second", { by: "ada" });
  assert.equal(await store.remove("pay", "keyB", { by: "ada" }), 4);
  assert.deepEqual(store.values("pay", 2), { keyA: "first", keyB: "ünïcode\n" });
  assert.deepEqual(store.values("pay", 3), { keyA: "second", keyB: "ünïcode\n" });
  assert.deepEqual(store.values("pay", 4), { keyA: "second" });
  assert.deepEqual(
    store.list("pay").map(({ name, version, by }) => [name, version, by]),
    [["keyA", 3, "ada"]],
  );
  assert.equal(statSync(file("pay")).mode & 0o777, 0o600);
  await assert.rejects(store.remove("pay", "keyB", { by: "ada" }), { code: "not_found" });
  rmSync(file("pay"));
  assert.equal(await store.set("pay", "keyA", "third", { by: "ada" }), 5);
});

test("as many versions are kept as are worth it, and what a release names", async (t) => {
  const { store } = openStore(t, { named: [2] });
  for (let n = 1; n <= keptVersions + 3; n++)
    await store.set("pay", "keyA", `value ${n}`, { by: "ada" });
  assert.deepEqual(store.values("pay", 2), { keyA: "value 2" });
  assert.deepEqual(store.values("pay", 4), { keyA: "value 4" });
  assert.throws(() => store.values("pay", 3), { code: "not_found" });
});

test("a value put under another name, version, service or environment is refused", async (t) => {
  const { store, keys, root, file } = openStore(t);
  await store.set("pay", "keyA", "first", { by: "ada" });
  await store.set("pay", "keyB", "second", { by: "ada" });
  const place = { environment: "test", service: "pay", file: file("pay") };
  const { content } = readSecretFile(keys, readFileSync(file("pay"), "utf8"), place);
  // Signed by whoever has the master key, so that only what each value is bound to is left to tell.
  const forge = (change: Partial<SecretFile>): void => {
    const forged = { ...content, revision: content.revision + 1, ...change };
    writeFileSync(file(forged.service), writeSecretFile(keys, forged));
  };
  const { keyA, keyB } = content.values as Record<string, Record<string, never>>;
  forge({ values: { keyA: { 1: keyB?.["2"] as never }, keyB: keyB as never } });
  assert.throws(() => store.values("pay", 2), invalid);
  forge({
    values: { keyA: { 2: keyA?.["1"] as never }, keyB: keyB as never },
    versions: [{ version: 2, at: "", by: "", secrets: { keyA: 2 } }],
  });
  assert.throws(() => store.values("pay", 2), invalid);
  forge({ service: "other" });
  assert.throws(() => store.values("other", 2), invalid);
  forge({});
  assert.throws(() => openStore(t, { environment: "live", root }).store.list("pay"), invalid);
});

test("any byte of the file changed is refused, and nothing crashes", async (t) => {
  const { store, file } = openStore(t);
  await store.set("pay", "keyA", "the value itself", { by: "ada" });
  const whole = readFileSync(file("pay"));
  const refused = (bytes: Buffer, what: string): void => {
    writeFileSync(file("pay"), bytes);
    assert.throws(() => store.values("pay", 1), invalid, what);
  };
  for (let at = 0; at < whole.length; at++) {
    for (const flip of [0x01, 0x20, 0x80]) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] as number) ^ flip;
      refused(bytes, `byte ${at} with ${flip}`);
    }
    refused(whole.subarray(0, at), `cut at ${at}`);
  }
  refused(Buffer.concat([whole, Buffer.from(" ")]), "something at its end");
  const text = whole.toString();
  for (const odd of ["null", "[]", '{"content":null}', '{"content":{"master":1}}', "{".repeat(9e4)])
    refused(Buffer.from(odd), odd.slice(0, 20));
  refused(Buffer.from(text.replace("{", '{"__proto__":{},')), "a property more");
  writeFileSync(file("pay"), whole);
  assert.deepEqual(store.values("pay", 1), { keyA: "the value itself" });
});

test("an older file is refused, and an older one that was lost is no dead end", async (t) => {
  const { store, file } = openStore(t);
  await store.set("pay", "keyA", "withdrawn", { by: "ada" });
  const older = readFileSync(file("pay"));
  await store.set("pay", "keyA", "newest", { by: "ada" });
  writeFileSync(file("pay"), older);
  assert.throws(() => store.values("pay", 1), /older than the newest/);
  await assert.rejects(store.set("pay", "keyA", "next", { by: "ada" }), /older than the newest/);
  rmSync(file("pay"));
  assert.equal(await store.set("pay", "keyA", "anew", { by: "ada" }), 3);
  assert.deepEqual(store.values("pay", 3), { keyA: "anew" });
});

test("a new master key takes over everything, and the old one goes", async (t) => {
  const { store, keys, file } = openStore(t);
  await store.set("pay", "keyA", "first", { by: "ada" });
  await store.set("pay", "keyA", "second", { by: "ada" });
  await store.set("mail", "smtp", "third", { by: "ada" });
  const before = readFileSync(keys.file, "utf8");
  const old = readFileSync(file("pay"), "utf8");
  assert.deepEqual(await store.rotateMaster(), { master: 2, services: ["mail", "pay"] });
  assert.deepEqual(
    [store.values("pay", 1), store.values("pay", 2), store.values("mail", 1)],
    [{ keyA: "first" }, { keyA: "second" }, { smtp: "third" }],
  );
  assert.deepEqual(
    Object.keys((JSON.parse(readFileSync(keys.file, "utf8")) as { keys: object }).keys),
    ["2"],
  );
  // A copy of the old key and of the new file opens nothing, nor the other way round.
  const rotated = readFileSync(file("pay"), "utf8");
  writeFileSync(file("pay"), old);
  assert.throws(() => store.values("pay", 1), invalid);
  writeFileSync(file("pay"), rotated);
  writeFileSync(keys.file, before);
  assert.throws(() => store.values("pay", 1), invalid);
});

test("a rotation that ended half-way is finished by the next; nothing is lost meanwhile", async (t) => {
  const { store, keys } = openStore(t);
  await store.set("pay", "keyA", "first", { by: "ada" });
  await store.set("mail", "smtp", "second", { by: "ada" });
  await keys.add();
  await store.set("mail", "smtp", "third", { by: "ada" });
  assert.deepEqual(store.values("pay", 1), { keyA: "first" });
  assert.deepEqual(store.values("mail", 2), { smtp: "third" });
  assert.equal((await store.rotateMaster()).master, 3);
  assert.deepEqual(store.values("mail", 1), { smtp: "second" });
});

test("a master key that others can read, that is lost or broken, is refused with what to do", async (t) => {
  const { store, keys, root } = openStore(t);
  assert.equal(existsSync(keys.file), false);
  await store.set("pay", "keyA", "first", { by: "ada" });
  assert.equal(statSync(keys.file).mode & 0o777, 0o600);
  chmodSync(keys.file, 0o640);
  assert.throws(
    () => store.values("pay", 1),
    (error: KerfError) => /chmod 600/.test(error.fix ?? ""),
  );
  chmodSync(keys.file, 0o600);
  writeFileSync(keys.file, '{"current":1,"keys":{"1":"c2hvcnQ"}}');
  assert.throws(() => store.values("pay", 1), invalid);
  rmSync(join(root, "keys", "master.json"));
  assert.throws(() => store.values("pay", 1), /The master key is missing/);
  await assert.rejects(
    store.set("pay", "keyA", "next", { by: "ada" }),
    /The master key is missing/,
  );
});
