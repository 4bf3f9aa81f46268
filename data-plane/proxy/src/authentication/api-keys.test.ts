import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type ApiKey, formatApiKeys, parseApiKeys } from "@kerf/control-api/api-keys";
import { type Clock, systemClock } from "@kerf/kernel";
import { apiKeys, tokens } from "@kerf/service";
import { Logger } from "@kerf/telemetry";
import { startGatewayWith } from "../testing/gateway.ts";
import { knownKeys } from "./api-keys.ts";
import { WatchedFile } from "./watched-file.ts";

function newKey(fields: Partial<ApiKey> = {}): { key: string; entry: ApiKey } {
  const id = randomBytes(6).toString("hex");
  const key = `kerf_${id}_${randomBytes(32).toString("base64url")}`;
  const sha256 = createHash("sha256").update(key).digest("hex");
  const created = "2026-01-01T00:00:00.000Z";
  return {
    key,
    entry: { id, sha256, subject: "partner", claims: { role: "reader" }, created, ...fields },
  };
}

test("a program calls with its key; what is no key that holds is refused", async (t) => {
  const good = newKey();
  const revoked = newKey({ disabled: true });
  const expired = newKey({ expires: "2026-01-02T00:00:00.000Z" });
  const { platform, url } = await startGatewayWith(t, ({ directory }) => {
    const file = join(directory, "api-keys.json");
    const keys = [good, revoked, expired].map(({ entry }) => entry);
    writeFileSync(file, formatApiKeys(keys), { mode: 0o600 });
    return {
      authentication: [tokens(), apiKeys({ file }), apiKeys({ file, header: "authorization" })],
    };
  });
  const ask = (
    headers: Record<string, string> | [string, string][],
    path = "/notes/mine",
  ): Promise<Response> => fetch(url + path, { headers });
  const known = { subject: "partner", claims: { role: "reader" } };
  assert.deepEqual(await (await ask({ "x-api-key": good.key })).json(), known);
  assert.deepEqual(await (await ask({ authorization: `Bearer ${good.key}` })).json(), known);

  const [, id] = good.key.split("_") as [string, string];
  for (const key of [
    revoked.key,
    expired.key,
    newKey().key,
    `kerf_${id}_${"A".repeat(43)}`,
    good.entry.sha256,
    `${good.key}A`,
    good.key.slice(0, -1),
    good.key.toUpperCase(),
    ` ${good.key} x`,
    "kerf___proto___",
    "",
  ]) {
    for (const path of ["/notes/mine", "/notes"]) {
      assert.equal((await ask({ "x-api-key": key }, path)).status, 401, key);
      assert.equal((await ask({ authorization: `Bearer ${key}` }, path)).status, 401, key);
    }
  }
  const twice: [string, string][] = [
    ["x-api-key", good.key],
    ["x-api-key", good.key],
  ];
  assert.equal((await ask(twice)).status, 401);
  const authorization = `Bearer ${await platform.issuer.sign({ subject: "ada" })}`;
  const both = await ask({ authorization, "x-api-key": good.key }, "/notes");
  assert.equal(both.status, 401);
  assert.match(await both.text(), /two kinds of credentials/);
  const nobody = (await (await ask({})).json()) as { fix: string };
  assert.match(nobody.fix, /bearer token.+API key in the header x-api-key/);
});

test("the file is followed; a bad one leaves the last good keys", async (t) => {
  const one = newKey();
  const two = newKey({ subject: "other" });
  let file = "";
  let ahead = 0;
  const write = (text: string, mode = 0o600): void => {
    writeFileSync(`${file}.new`, text, { mode });
    chmodSync(`${file}.new`, mode);
    renameSync(`${file}.new`, file);
  };
  const clock: Clock = {
    now: () => systemClock.now() + ahead,
    wall: () => systemClock.wall(),
    after: (ms, fn) => systemClock.after(ms, fn),
  };
  const lines: string[] = [];
  const { url } = await startGatewayWith(t, ({ directory }) => {
    file = join(directory, "api-keys.json");
    write(formatApiKeys([one.entry]));
    return { authentication: [apiKeys({ file })] };
  });
  assert.equal((await fetch(`${url}/notes`, { headers: { "x-api-key": one.key } })).status, 200);

  const watched = new WatchedFile({
    path: file,
    what: "the API keys",
    secret: true,
    parse: (text) => knownKeys(parseApiKeys(text)),
    fix: "",
    clock,
    log: new Logger({ level: "debug", sink: (line) => void lines.push(line) }),
  });
  const ids = async (): Promise<string[]> => {
    ahead += 1_000;
    return [...(await watched.current()).keys()];
  };
  write(formatApiKeys([one.entry, two.entry]));
  assert.equal(
    (watched.current() as ReadonlyMap<string, unknown>).size,
    1,
    "not looked at again within a second",
  );
  assert.deepEqual(await ids(), [one.entry.id, two.entry.id]);
  const bad: readonly [string, number][] = [
    ["", 0o600],
    ["{}", 0o600],
    ['{"version":1,"keys":[{}]}', 0o600],
    [formatApiKeys([one.entry, one.entry]), 0o600],
    [formatApiKeys([one.entry]), 0o644],
  ];
  for (const [text, mode] of bad) {
    lines.length = 0;
    write(text, mode);
    assert.deepEqual(await ids(), [one.entry.id, two.entry.id]);
    assert.match(lines.join(), /the last good ones stay/);
  }
  write(formatApiKeys([two.entry]));
  assert.deepEqual(await ids(), [two.entry.id]);
});

test("a file of keys that may come later lets nobody in before, and is read when it comes", async (t) => {
  let file = "";
  let aheadMs = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  const { url, lines } = await startGatewayWith(
    t,
    ({ directory }) => {
      file = join(directory, "api-keys.json");
      return { authentication: [apiKeys({ file, optional: true })] };
    },
    clock,
  );
  const { key, entry } = newKey();
  const ask = async (): Promise<number> =>
    (await fetch(`${url}/notes/mine`, { headers: { "x-api-key": key } })).status;
  assert.equal(await ask(), 401);
  writeFileSync(file, formatApiKeys([entry]), { mode: 0o600 });
  aheadMs += 1_001;
  assert.equal(await ask(), 200);
  const said = lines.map(({ message }) => String(message)).filter((line) => /API keys/.test(line));
  assert.deepEqual(said, [
    "there is no file with the API keys yet",
    "the API keys were read again",
  ]);
});

test("a gateway whose file of keys is missing, or is everybody's, does not start", async (t) => {
  for (const prepare of [
    () => {},
    (file: string) => writeFileSync(file, formatApiKeys([]), { mode: 0o644 }),
  ]) {
    const starting = startGatewayWith(t, ({ directory }) => {
      const file = join(directory, "api-keys.json");
      prepare(file);
      return { authentication: [apiKeys({ file })] };
    });
    await assert.rejects(starting, { code: "invalid_configuration", fix: /kerf keys create/ });
  }
});
