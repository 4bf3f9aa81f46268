import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseApiKeys } from "@kerf/control-api/api-keys";
import type { CreateKeyOptions } from "../commands/keys.ts";
import { createKey } from "./create.ts";
import { readExpiry } from "./expiry.ts";
import { revokeKey } from "./revoke.ts";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));

function setUp(t: TestContext): { file: string; kerf: (...args: string[]) => Promise<string> } {
  const folder = mkdtempSync(join(tmpdir(), "kerf-keys-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "api-keys.json");
  const run = promisify(execFile);
  const kerf = async (...args: string[]): Promise<string> => {
    const command = ["--conditions=kerf-source", main, "keys", ...args, "--file", file, "--json"];
    return (await run(process.execPath, command)).stdout;
  };
  return { file, kerf };
}

test("a key is shown once, and only its hash is kept", async (t) => {
  const { file, kerf } = setUp(t);
  const created = JSON.parse(
    await kerf("create", "--subject", "partner", "--claims", '{"role":"reader"}'),
  ) as { id: string; key: string };
  assert.match(created.key, /^kerf_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const text = readFileSync(file, "utf8");
  assert.ok(!text.includes(created.key.slice(18)));
  const [kept] = parseApiKeys(text);
  assert.deepEqual(
    [kept?.id, kept?.subject, kept?.claims],
    [created.id, "partner", { role: "reader" }],
  );
  const days = (Date.parse(kept?.expires ?? "") - Date.parse(kept?.created ?? "")) / 86_400_000;
  assert.equal(days, 365);

  await kerf("create", "--subject", "other", "--expires", "never");
  const listed = await kerf("ls");
  assert.ok(!listed.includes("sha256"));
  assert.equal((JSON.parse(listed) as unknown[]).length, 2);
  await kerf("revoke", created.id);
  assert.deepEqual(
    parseApiKeys(readFileSync(file, "utf8")).map(({ disabled }) => disabled),
    [true, undefined],
  );
});

test("what cannot be done leaves the file as it was", async (t) => {
  const { file, kerf } = setUp(t);
  await kerf("create", "--subject", "partner");
  const before = readFileSync(file, "utf8");
  const create = (options: Partial<CreateKeyOptions>): Promise<void> =>
    createKey({ file, subject: "x", expires: "365d", ...options });
  await assert.rejects(revokeKey("000000000000", { file }), { code: "not_found" });
  await assert.rejects(create({ claims: "[]" }), { code: "usage" });
  await assert.rejects(create({ subject: "" }), { code: "usage" });
  await assert.rejects(create({ expires: "2020-01-01" }), { code: "usage" });
  writeFileSync(`${file}.new`, "");
  await assert.rejects(create({}), { code: "conflict" });
  rmSync(`${file}.new`);
  chmodSync(file, 0o644);
  await assert.rejects(create({}), { code: "invalid_configuration" });
  assert.equal(readFileSync(file, "utf8"), before);
});

test("an expiry is a span, a date or never", () => {
  const now = new Date("2026-01-01T00:00:00Z");
  assert.equal(readExpiry("90d", now)?.toISOString(), "2026-04-01T00:00:00.000Z");
  assert.equal(readExpiry("12h", now)?.toISOString(), "2026-01-01T12:00:00.000Z");
  assert.equal(readExpiry("2030-12-31", now)?.toISOString(), "2030-12-31T00:00:00.000Z");
  assert.equal(readExpiry("never", now), undefined);
  for (const given of ["", "0d", "5", "-1d", "2025-01-01", "soon", "2030-99-99"]) {
    assert.throws(() => readExpiry(given, now), { code: "usage" }, given);
  }
});
