import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem } from "@kerf/call/http";
import type { RateLimit } from "@kerf/service";
import { startFront } from "../testing/front.ts";

/** A rate at which nothing comes back while a test runs. */
const rate = { requests: 2, perMs: 3_600_000 };

test("by address: two requests pass, the third is told when to come back, before its credentials are looked at", async (t) => {
  const { url } = await startFront(t, { limits: [{ by: "address", rate }] });
  const first = await fetch(`${url}/notes`);
  assert.equal(first.status, 200);
  assert.equal(first.headers.get("ratelimit-policy"), '"address";q=2;w=3600');
  assert.equal(first.headers.get("ratelimit"), '"address";r=1;t=1800');
  assert.equal((await fetch(`${url}/notes/mine`)).status, 401, "a guess counts");
  const third = await fetch(`${url}/notes/mine`, { headers: { authorization: "Bearer x" } });
  assert.equal(third.status, 429);
  assert.match(third.headers.get("ratelimit") ?? "", /^"address";r=0;t=3\d\d\d$/);
  assert.ok(Number(third.headers.get("retry-after")) > 1_700);
  const problem = (await third.json()) as Problem;
  assert.equal(problem.code, "rate_limited");
  assert.match(problem.detail ?? "", /limit "address" allows/);
  assert.equal((await fetch(`${url}/health`)).status, 200, "who looks after it is not counted");
});

test("by user: each has a count, whoever is none has that of the address", async (t) => {
  const { platform, url } = await startFront(t, { limits: [{ by: "user", rate }] });
  const statuses = async (subject: string | undefined): Promise<number[]> => {
    const headers =
      subject === undefined
        ? {}
        : { authorization: `Bearer ${await platform.issuer.sign({ subject })}` };
    const answers = [1, 2, 3].map(() => fetch(`${url}/notes`, { headers }));
    return (await Promise.all(answers)).map(({ status }) => status).toSorted((a, b) => a - b);
  };
  assert.deepEqual(await statuses("ada"), [200, 200, 429]);
  assert.deepEqual(await statuses("x".repeat(200)), [200, 200, 429]);
  assert.deepEqual(await statuses(undefined), [200, 200, 429]);
  assert.deepEqual(await statuses("127.0.0.1"), [200, 200, 429], "a name is no address");
});

test("of several limits all count or none, each by its name, and only what it is for", async (t) => {
  const limits: RateLimit[] = [
    { by: "everyone", rate: { requests: 10, perMs: 3_600_000 } },
    { by: "everyone", rate, burst: 1, routes: ["notes.open"] },
  ];
  const { url, place } = await startFront(t, { limits });
  const first = await fetch(`${url}/notes`);
  assert.equal(
    first.headers.get("ratelimit-policy"),
    '"everyone";q=10;w=3600, "everyone-2";q=1;w=1800',
  );
  const second = await fetch(`${url}/notes`);
  assert.equal(second.status, 429);
  // What the second limit refused took nothing from the first.
  assert.match((await fetch(`${url}/notes/mine`)).headers.get("www-authenticate") ?? "", /Bearer/);
  const stream = await fetch(`${url}/notes/a/stream`);
  assert.match(stream.headers.get("ratelimit") ?? "", /^"everyone";r=8;t=\d+$/);
  await stream.text();

  await place({ limits: limits.slice(0, 1) });
  const after = await fetch(`${url}/notes`);
  assert.equal(after.status, 200);
  assert.match(after.headers.get("ratelimit") ?? "", /^"everyone";r=7;/, "the count goes on");
});

test("behind a trusted proxy each client has a count of its own", async (t) => {
  const limits: RateLimit[] = [{ by: "address", rate: { requests: 1, perMs: 3_600_000 } }];
  const { url, place } = await startFront(t, { limits, trustedProxies: ["127.0.0.0/8"] });
  const from = async (address: string): Promise<number> =>
    (await fetch(`${url}/notes`, { headers: { "x-forwarded-for": address } })).status;
  assert.equal(await from("203.0.113.1"), 200);
  assert.equal(await from("203.0.113.2"), 200);
  assert.equal(await from("203.0.113.9, 203.0.113.2"), 429, "what it wrote itself is not believed");
  assert.equal(await from("2001:db8::1"), 200);
  assert.equal(await from("2001:db8::2"), 429, "one /64 is one client");
  await place({ limits });
  assert.equal(await from("203.0.113.3"), 200);
  assert.equal(await from("203.0.113.4"), 429, "nobody is trusted any more");
});
