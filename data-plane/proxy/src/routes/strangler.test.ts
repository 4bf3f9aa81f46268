import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { test } from "node:test";
import type { RouteSettings, UpstreamSettings } from "@kerf/service";
import { type Line, startForeign, startFront } from "../testing/front.ts";

// The steps of docs/guides/strangler.md, which quotes them.

const legacy = (url: string): Record<string, UpstreamSettings> => ({ legacy: { urls: [url] } });

const everything: RouteSettings = { path: "/*", to: { upstream: "legacy" } };

const compared: RouteSettings = {
  path: "/notes/*",
  to: { upstream: "legacy" },
  mirror: { to: "services", share: 1, compare: { ignore: ["$.servedBy"] } },
};

const byHeader: RouteSettings = {
  path: "/notes/*",
  to: {
    split: [
      { to: { upstream: "legacy" }, weight: 100 },
      { to: "services", weight: 0, header: { name: "x-new-notes" } },
    ],
  },
};

const byShare = (percent: number): RouteSettings => ({
  path: "/notes/*",
  to: {
    split: [
      { to: { upstream: "legacy" }, weight: 100 - percent },
      { to: "services", weight: percent },
    ],
    sticky: { cookie: "side" },
  },
});

const lookedBack: RouteSettings = {
  path: "/notes/*",
  to: "services",
  mirror: { to: { upstream: "legacy" }, share: 0.1 },
};

/** A program as there are many: it knows nothing of Kerf, and answers a little differently than the service after it. */
const monolith: RequestListener = (request, response) => {
  const url = new URL(request.url ?? "", "http://legacy");
  response.setHeader("x-served-by", "legacy");
  if (url.pathname !== "/notes") return void response.end("legacy page");
  const limit = Number(url.searchParams.get("limit") ?? 2);
  const wrong = limit === 3 ? { limit: "3" } : {};
  response
    .writeHead(200, { "content-type": "application/json" })
    .end(JSON.stringify({ limit, caller: "gateway:web", servedBy: "legacy", ...wrong }));
};

async function until(lines: readonly Line[], wanted: (line: Line) => boolean): Promise<Line> {
  for (;;) {
    const line = lines.find(wanted);
    if (line !== undefined) return line;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a path of a monolith moves to a service, step by step", { timeout: 20_000 }, async (t) => {
  const { url: monolithUrl } = await startForeign(t, monolith);
  const upstreams = legacy(monolithUrl);
  const front = await startFront(t, { upstreams, routes: [everything] });
  const { url, lines, place } = front;
  const servedBy = async (headers: Record<string, string> = {}, limit = 2): Promise<string> => {
    const response = await fetch(`${url}/notes?limit=${limit}`, { headers });
    assert.equal(response.status, 200);
    const { limit: answered } = (await response.json()) as { limit: unknown };
    assert.equal(Number(answered), limit);
    return response.headers.get("x-served-by") ?? "services";
  };
  assert.equal(await (await fetch(`${url}/about`)).text(), "legacy page");

  // Compare: the monolith answers, the service is asked the same.
  await place({ upstreams, routes: [everything, compared] });
  assert.equal(await servedBy(), "legacy");
  assert.equal(await servedBy({}, 3), "legacy");
  const difference = await until(lines, ({ differences }) => differences !== undefined);
  assert.deepEqual(difference["differences"], ["$.limit"]);
  assert.ok(!JSON.stringify(difference).includes('"3"'), "values may be somebody's data");

  // By header: whoever asks for it.
  await place({ upstreams, routes: [everything, byHeader] });
  assert.deepEqual(
    (({ equal, different, dropped, failed }) => ({ equal, different, dropped, failed }))(
      await until(lines, ({ message }) => message === "mirror of /notes/*"),
    ),
    { equal: 1, different: 1, dropped: 0, failed: 0 },
  );
  assert.equal(await servedBy(), "legacy");
  assert.equal(await servedBy({ "x-new-notes": "1" }), "services");

  // By share: who has moved stays moved.
  const clients = Array.from({ length: 40 }, (_, n) => ({
    cookie: `side=${n.toString(16).padStart(13, "0")}`,
  }));
  let moved = new Set<number>();
  for (const percent of [10, 50, 100]) {
    await place({ upstreams, routes: [everything, byShare(percent)] });
    const now = new Set<number>();
    for (const [n, client] of clients.entries())
      if ((await servedBy(client)) === "services") now.add(n);
    assert.ok([...moved].every((n) => now.has(n)));
    assert.ok(now.size > moved.size);
    moved = now;
  }
  assert.equal(moved.size, clients.length);

  // Look back: the service answers, and some of its answers are compared with the monolith's.
  await place({
    upstreams,
    routes: [everything, { ...lookedBack, mirror: { to: { upstream: "legacy" }, share: 1 } }],
  });
  assert.equal(await servedBy(), "services");

  // Done: the path is the service's alone, and the rest still the monolith's.
  await place({ upstreams, routes: [everything] });
  assert.equal(await servedBy(), "services");
  assert.equal(await (await fetch(`${url}/about`)).text(), "legacy page");
  const { different } = await until(
    lines,
    (line) =>
      line["message"] === "mirror of /notes/*" && line["different"] === 1 && line["equal"] === 0,
  );
  assert.equal(different, 1, "the service does not say servedBy");
});

test(
  "a mirror never slows or fails the real request, and is bounded",
  { timeout: 20_000 },
  async (t) => {
    const held: (() => void)[] = [];
    const real = await startForeign(
      t,
      (_request, response) =>
        void response.writeHead(200, { "content-type": "application/json" }).end('{"a":1}'),
    );
    const copies = await startForeign(t, (request, response) => {
      if (request.url === "/reset") return void request.socket.destroy();
      held.push(() => response.end());
    });
    const { url, lines, stop } = await startFront(t, {
      upstreams: { real: { urls: [real.url] }, copy: { urls: [copies.url] } },
      routes: [
        {
          path: "/*",
          to: { upstream: "real" },
          mirror: { to: { upstream: "copy" }, share: 1, maxInFlight: 3 },
        },
      ],
    });
    for (let n = 0; n < 10; n++) assert.equal(await (await fetch(`${url}/slow`)).text(), '{"a":1}');
    assert.equal((await fetch(`${url}/x`, { method: "POST" })).status, 200, "not copied");
    while (held.length < 3) await new Promise((resolve) => setImmediate(resolve));
    for (const answer of held) answer();
    await until(lines, ({ differences }) => differences !== undefined);
    assert.equal(await (await fetch(`${url}/reset`)).text(), '{"a":1}');
    await stop();
    const counts = lines.find(({ message }) => message === "mirror of /*");
    assert.equal(counts?.["dropped"], 7);
    assert.equal(held.length, 3);
  },
);

test("fifty new configurations while requests run: none fails", { timeout: 20_000 }, async (t) => {
  const answer: RequestListener = (_request, response) =>
    void setImmediate(() => response.end("ok"));
  const foreign = await Promise.all([startForeign(t, answer), startForeign(t, answer)]);
  const urls = foreign.map((one) => one.url);
  const settings = (n: number): Parameters<typeof place>[0] => ({
    upstreams: { a: { urls: n % 2 === 0 ? urls : [urls[n % 4 === 1 ? 0 : 1] as string] } },
    routes: [
      { path: "/*", to: { upstream: "a" }, rewrite: { request: { set: { "x-n": String(n) } } } },
    ],
  });
  const { url, place } = await startFront(t, {
    upstreams: { a: { urls } },
    routes: [{ path: "/*", to: { upstream: "a" } }],
  });
  let running = true;
  let asked = 0;
  const client = async (n: number): Promise<void> => {
    while (running) {
      const response = await fetch(`${url}/${n}`, n % 3 === 0 ? { method: "POST", body: "x" } : {});
      assert.deepEqual([response.status, await response.text()], [200, "ok"]);
      asked++;
    }
  };
  const clients = Array.from({ length: 200 }, (_, n) => client(n));
  const reloads = (async () => {
    for (let n = 1; n <= 50; n++) await place(settings(n));
    running = false;
  })();
  await Promise.all([reloads, ...clients]);
  assert.ok(asked >= 200, String(asked));
});
