import assert from "node:assert/strict";
import { test } from "node:test";
import type { Policies } from "@kerf/call";
import { silentLogger } from "@kerf/telemetry";
import { assembleGateway } from "./gateway.ts";
import { FrontPlatform } from "./testing/platform.ts";

const policies: Policies = {
  "notes.open": { cache: { ttlMs: 60_000, for: "everyone" } },
  "notes.mine": { cache: { ttlMs: 60_000, for: "principal" } },
};

test("answers that queries let be kept say so, and are not sent twice to who has them", async (t) => {
  const platform = await FrontPlatform.start(t);
  const asked: string[] = [];
  const held = Promise.withResolvers<void>();
  await platform.startNotes({
    open: {
      run: async ({ input }) => {
        const { limit } = input as { limit: number };
        asked.push(`open ${limit}`);
        if (limit === 3) await held.promise;
        return { limit, caller: "x".repeat(2_000) };
      },
    },
    mine: {
      run: ({ context }) => {
        asked.push(`mine ${context.principal?.subject}`);
        return { subject: context.principal?.subject, claims: {} };
      },
    },
  });
  const gateway = await assembleGateway(platform.boot({ policies }), silentLogger);
  platform.before(() => gateway.lifecycle.stop());
  await gateway.lifecycle.start();
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${gateway.url}${path}`, { headers: { "accept-encoding": "identity", ...headers } });

  const first = await get("/notes");
  const body = await first.text();
  const etag = first.headers.get("etag") ?? "";
  assert.match(etag, /^"[\w-]{22}"$/);
  assert.equal(first.headers.get("cache-control"), "public, max-age=60");
  assert.equal(first.headers.get("age"), "0");
  const again = await get("/notes");
  assert.deepEqual([await again.text(), again.headers.get("etag")], [body, etag]);
  assert.deepEqual(asked, ["open 2"], "the gateway has it");

  for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const same = await get("/notes", { "if-none-match": tags });
    assert.deepEqual([same.status, await same.text()], [304, ""], tags);
    assert.equal(same.headers.get("etag"), etag);
    assert.equal(same.headers.get("cache-control"), "public, max-age=60");
    assert.equal(same.headers.get("content-length"), null);
  }
  assert.equal((await get("/notes", { "if-none-match": '"other"' })).status, 200);

  const compressed = await get("/notes", { "accept-encoding": "br" });
  await compressed.text();
  const other = compressed.headers.get("etag") ?? "";
  assert.notEqual(other, etag, "other bytes have another tag");
  assert.equal((await get("/notes", { "if-none-match": other })).status, 304);

  const headers = { "accept-encoding": "identity" };
  const head = await fetch(`${gateway.url}/notes`, { method: "HEAD", headers });
  assert.deepEqual([head.status, head.headers.get("etag")], [200, etag]);
  assert.equal((await get("/hang")).headers.get("cache-control"), "no-store");

  asked.length = 0;
  const together = [1, 2, 3].map(() => get("/notes?limit=3"));
  held.resolve();
  for (const answer of await Promise.all(together)) assert.equal(answer.status, 200);
  assert.deepEqual(asked, ["open 3"], "equal requests at the same time are one");

  asked.length = 0;
  const tags = new Set<string | null>();
  for (const subject of ["ada", "bob", "ada"]) {
    const authorization = `Bearer ${await platform.issuer.sign({ subject })}`;
    const mine = await get("/notes/mine", { authorization });
    assert.deepEqual(await mine.json(), { subject, claims: {} });
    assert.equal(mine.headers.get("cache-control"), "private, no-cache");
    tags.add(mine.headers.get("etag"));
    const known = { authorization, "if-none-match": mine.headers.get("etag") ?? "" };
    assert.equal((await get("/notes/mine", known)).status, 304);
  }
  assert.equal(tags.size, 2);
  const stranger = await get("/notes/mine", { "if-none-match": "*" });
  assert.equal(stranger.status, 401, "nobody learns that it is unchanged without being allowed to");
  assert.deepEqual(asked, ["mine ada", "mine bob"]);
});
