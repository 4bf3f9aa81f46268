import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { safe } from "kerf";
import { checkTableTypes, fake, startApp, startService } from "kerf/testing";
import app from "./app.ts";
import { textOf } from "./client.ts";
import { labels } from "./labels/contract.ts";
import { notes } from "./notes/contract.ts";
import notesService from "./notes/service.ts";
import draftsService from "./refused-call.ts";

/** An answer as the guides show it; the trace id is another one each time. */
function shown(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`./answers/${file}`, import.meta.url), "utf8"));
}

async function answerOf(request: Promise<Response>): Promise<{ status: number; body: unknown }> {
  const response = await request;
  const body = (await response.json()) as Record<string, unknown>;
  assert.equal(body["traceId"], response.headers.get("x-trace-id"));
  return {
    status: response.status,
    body: { ...body, traceId: "0af7651916cd43dd8448eb211c80319c" },
  };
}

test("the answers that the guides show are those that the gateway gives", async () => {
  await using running = await startApp(app);
  const { url } = running;
  const { id } = await running.client(notes, "ada").add({ text: "Buy glue" });
  const found = await fetch(`${url}/notes/${id}`);
  assert.deepEqual(await found.json(), { id, text: "Buy glue", label: "buy" });
  assert.equal(await textOf(url, id), "Buy glue");
  assert.equal(await textOf(url, 99), undefined);

  assert.deepEqual(await answerOf(fetch(`${url}/notes/0`)), {
    status: 400,
    body: shown("invalid-input.json"),
  });
  assert.deepEqual(await answerOf(fetch(`${url}/notes/99`)), {
    status: 404,
    body: shown("not-found.json"),
  });
  assert.deepEqual(await answerOf(fetch(`${url}/notes`, { method: "POST", body: "{}" })), {
    status: 401,
    body: shown("unauthenticated.json"),
  });
});

test("each front door takes what it says, and nothing else", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kerf-doors-"));
  const file = join(folder, "api-keys.json");
  const key = `kerf_0123456789ab_${"k".repeat(43)}`;
  const sha256 = createHash("sha256").update(key).digest("hex");
  const created = "2026-01-01T00:00:00.000Z";
  const keys = [{ id: "0123456789ab", sha256, subject: "importer", claims: {}, created }];
  writeFileSync(file, JSON.stringify({ version: 1, keys }), { mode: 0o600 });
  process.env["NOTES_API_KEYS"] = file;
  try {
    const { default: doors } = await import("./doors.ts");
    await using running = await startApp(doors);
    const add = async (door: string): Promise<number> => {
      const headers = { "x-api-key": key, "content-type": "application/json" };
      const body = JSON.stringify({ text: "Buy glue" });
      return (await fetch(`${running.urls[door]}/notes`, { method: "POST", headers, body })).status;
    };
    assert.equal(await add("partners"), 201);
    assert.equal(await add("web"), 401);
    const session = await fetch(`${running.urls["web"]}/auth/session`);
    assert.deepEqual(await session.json(), { signedIn: false });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("three ways to say SQL are one transaction", async () => {
  const suggested = fake(labels, { suggest: { label: "glue" } });
  await using running = await startService(notesService, {
    uses: { labels: suggested },
    principal: "ada",
  });
  const { client, db } = running;
  for (let n = 0; n < 3; n++) await client.add({ text: "Glue" });
  // The constraint on the count refuses the fourth: nothing of it is kept.
  suggested.answer("suggest", { label: "late" });
  await assert.rejects(client.add({ text: "One too many" }), { code: "internal" });
  assert.equal((await db.selectFrom("notes").selectAll().execute()).length, 3);
  assert.deepEqual(await db.selectFrom("used_labels").selectAll().execute(), [{ label: "glue" }]);
});

test("a call inside an open transaction is refused, one before it works", async () => {
  await using running = await startService(draftsService, {
    uses: { labels: fake(labels, { suggest: { label: "glue" } }) },
  });
  await assert.rejects(running.client.refused({ text: "Glue" }), {
    code: "call_in_transaction",
    message: "labels.suggest was called while this command's transaction is open.",
  });
  assert.deepEqual(await running.db.selectFrom("notes").selectAll().execute(), []);
  await running.client.works({ text: "Glue" });
  const kept = await running.db.selectFrom("notes").select("label").execute();
  assert.deepEqual(kept, [{ label: "glue" }]);
});

test("a declared error is a value with safe(), anything else is thrown", async () => {
  await using running = await startService(notesService);
  const { ok, error } = await safe(running.client.get({ id: 7 }));
  assert.equal(ok, false);
  assert.deepEqual(error?.data, { id: 7 });
  await assert.rejects(safe(running.client.get({ id: 0 })), { code: "invalid_input" });
});

test("the table types are what the migrations make", async () => {
  const file = new URL("./notes/tables.generated.ts", import.meta.url);
  const { upToDate, difference } = await checkTableTypes(notesService, file);
  assert.ok(upToDate, difference ?? "");
});
