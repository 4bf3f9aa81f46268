import assert from "node:assert/strict";
import { test } from "node:test";
import { fake, startApp, startService } from "kerf/testing";
import { labels } from "./labels/contract.ts";
import { notes } from "./notes/contract.ts";
import pageService, { page } from "./page.ts";
import app from "./resilience.ts";

const suggested = () => fake(labels, { suggest: { label: "glue" } });
const kept = () => fake(notes, { get: { id: 1, text: "Buy glue", label: "glue" } });

test("an instance that fails or hangs costs an attempt and not the call", async () => {
  const stub = suggested();
  await using running = await startApp(app, { fakes: [stub, kept()] });
  const client = running.client(labels);
  stub.fail("suggest", "unavailable", { times: 1 });
  assert.deepEqual(await client.suggest({ text: "a" }), { label: "glue" });
  stub.hang("suggest", { times: 1 });
  assert.deepEqual(await client.suggest({ text: "b" }), { label: "glue" });
  assert.equal(stub.calls.suggest.length, 4);
});

test("a service that fails as a whole is soon asked no more, and those who can do without it go on", async () => {
  const stub = suggested();
  await using running = await startApp(app, { fakes: [stub, kept()] });
  stub.fail("suggest", "unavailable");
  const codes = new Set<string>();
  for (let call = 0; call < 20 && !codes.has("circuit_open"); call++)
    await assert.rejects(running.client(labels).suggest({ text: "a" }), (error) =>
      Boolean(codes.add((error as { code: string }).code)),
    );
  assert.ok(codes.has("circuit_open"));
  const asked = stub.calls.suggest.length;
  assert.deepEqual(await running.client(page).label({ text: "a" }), { label: "none" });
  assert.equal(stub.calls.suggest.length, asked);
});

test("a page without a part is a page, and says what is missing", async () => {
  const uses = { labels: suggested(), notes: kept() };
  await using running = await startService(pageService, { uses });
  const { client } = running;
  // The first calls of a program are its slowest: on a busy machine a part may miss its time.
  while ((await client.show({ id: 1 })).degraded.length > 0) continue;
  assert.deepEqual(await client.show({ id: 1 }), {
    text: "Buy glue",
    label: "glue",
    degraded: [],
  });
  uses.notes.hang("get");
  uses.labels.hang("suggest");
  assert.deepEqual(await client.show({ id: 1 }), {
    text: "",
    label: "none",
    degraded: ["text", "label"],
  });
  assert.deepEqual(await client.label({ text: "a" }), { label: "none" });
});
