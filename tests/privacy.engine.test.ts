// What contracts mark as sensitive is written down nowhere by itself, whatever goes wrong with it; and what authors and libraries record by OpenTelemetry's API arrives
// with what we record. One app for both.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { httpClient } from "@kerf/call/browser";
import type { Client } from "@kerf/contract";
import { type MetricSeries, platform, type Span } from "@kerf/control-api";
import { eventually, RunningShop } from "./shop/running-shop.ts";
import { mishaps } from "./telemetry/app/people/contract.ts";

/** Looked for as they are: nothing else in the world has them in it. */
const canary = (what: string): string => `canary-${what}-${randomUUID()}`;

describe("what an app keeps to itself, and what it tells", { timeout: 240_000 }, () => {
  let shop: RunningShop;
  let api: Client<typeof platform>;
  let foreign: Server;
  let foreignUrl: string;
  const asked: string[] = [];

  before(async () => {
    foreign = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ traceparent: request.headers["traceparent"] ?? "" }));
    }).listen(0, "127.0.0.1");
    await once(foreign, "listening");
    foreignUrl = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}/weather`;
    shop = await RunningShop.start(["--app", "tests/telemetry/app/app.ts", "--no-watch"]);
    const { platform: control } = await shop.status();
    const headers = {
      authorization: `Bearer ${readFileSync(join(shop.home, "token"), "utf8").trim()}`,
    };
    api = httpClient(platform, { baseUrl: control.url, headers: () => headers });
  });
  after(async () => {
    foreign?.close();
    await shop?.stop();
    await shop?.remove();
  });

  const keep = async (body: object): Promise<{ status: number; text: string; traceId: string }> => {
    const answer = await fetch(`${shop.url}/people`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": randomUUID() },
      body: JSON.stringify(body),
    });
    const traceId = answer.headers.get("x-trace-id") ?? "";
    return { status: answer.status, text: await answer.text(), traceId };
  };
  const json = async <T>(...args: string[]): Promise<T | undefined> => {
    const { code, stdout } = await shop.kerf(...args, "--json");
    return code === 0 ? (JSON.parse(stdout) as T) : undefined;
  };
  const series = async (asked: {
    name: string;
    query?: string;
    by?: string;
  }): Promise<readonly MetricSeries[]> => (await api.metrics(asked)).series;
  const traceOf = (id: string, isThere: (spans: Span[]) => boolean): Promise<Span[]> =>
    eventually(
      `the trace ${id} is there`,
      async () => {
        const shown = await json<{ spans: Span[] }>("trace", id);
        return shown !== undefined && isThere(shown.spans) ? shown.spans : undefined;
      },
      30_000,
    );

  test("spans of libraries and of the author hang where they belong, their metrics are found, and the foreign program is told the trace", async () => {
    const secret = canary("asked");
    const query = new URLSearchParams({ url: foreignUrl, secret });
    const answer = await fetch(`${shop.url}/people/7/asked?${query.toString()}`);
    assert.equal(answer.status, 200);
    const { traceparent } = (await answer.json()) as { traceparent: string };
    const traceId = answer.headers.get("x-trace-id") ?? "";
    const spans = await traceOf(traceId, (all) =>
      all.some(({ kind, name }) => kind === 3 && name === "GET"),
    );
    const above = (span: Span | undefined): Span | undefined =>
      spans.find(({ spanId }) => spanId === span?.parentId);
    const request = spans.find(({ kind, name }) => kind === 3 && name === "GET");
    assert.equal(traceparent, `00-${traceId}-${request?.spanId}-01`);
    assert.equal(request?.service, "people");
    assert.equal(request?.attributes["otel.scope.name"], "@opentelemetry/instrumentation-undici");
    assert.equal(request?.attributes["http.response.status_code"], 200);
    assert.equal(above(request)?.name, "asking");
    assert.deepEqual(above(request)?.attributes["attempt"], 1);
    const served = spans.find(({ kind, name }) => kind === 2 && name === "people/ask");
    assert.equal(above(spans.find(({ name }) => name === "by hand"))?.spanId, served?.spanId);
    assert.equal(above(above(request))?.spanId, served?.spanId);
    assert.equal(asked.filter((url) => url.includes(secret)).length, 1);

    const counted = await eventually(
      "the metrics of libraries are there",
      async () => {
        const [own] = await series({ name: "people.asked", by: "asked.what" });
        const [library] = await series({ name: "http.client.request.duration" });
        return own === undefined || library === undefined ? undefined : { own, library };
      },
      40_000,
    );
    assert.deepEqual(counted.own.labels, { "asked.what": "weather" });
    assert.equal(counted.own.points.at(-1)?.count, 1);
    assert.ok((counted.library.points.at(-1)?.p50 ?? 0) > 0);
  });

  test("metrics, map and top say what was called", async () => {
    const count = async (): Promise<void> => {
      assert.equal((await fetch(`${shop.url}/letters`)).status, 200);
    };
    await count();
    const named = await eventually(
      "the calls are counted",
      async () => {
        await count();
        const found = await series({
          name: "kerf.server.duration",
          query: "service:letters",
          by: "rpc.method",
        });
        return found.find(({ labels }) => labels["rpc.method"] === "count");
      },
      40_000,
    );
    assert.ok((named.points.at(-1)?.count ?? 0) >= 1);
    // What the gateway has counted comes in a report of its own.
    await eventually(
      "the map has the gateway's calls",
      async () => {
        const { edges } = await api.map({});
        const isCalled = edges.some(
          ({ from, kind, ratePerSecond }) =>
            from === "client" && kind === "http" && ratePerSecond > 0,
        );
        return isCalled ? true : undefined;
      },
      40_000,
    );
    const { edges, nodes } = await api.map({});
    assert.ok(nodes.some(({ id, kind }) => id === "people" && kind === "service"));
    const follows = edges.find(
      ({ from, kind, to }) => kind === "event" && from === "people" && to === "letters",
    );
    assert.equal(follows?.declared, true);
    const top = (await json<{ service: string; operation: string }[]>("top", "--once")) ?? [];
    assert.ok(top.length > 0, JSON.stringify(top));
  });

  test("no byte that is written down by itself has anything of a sensitive field", async () => {
    const secrets: string[] = [];
    for (const mishap of mishaps) {
      const secret = canary(mishap);
      secrets.push(secret);
      const { status } = await keep({ id: mishap, secret, mishap });
      assert.equal(
        status,
        { thrown: 500, declared: 409, undeclared: 500, answer: 500 }[mishap as "thrown"] ?? 200,
        mishap,
      );
    }
    // A row that is there already: the server names it.
    const again = await keep({ id: "again", secret: secrets[0], mishap: "taken" });
    assert.equal(again.status, 500);
    const strict = canary("strict");
    secrets.push(strict);
    const refused = await keep({ id: "strict", secret: "none", mishap: "nothing", strict });
    assert.equal(refused.status, 400);
    assert.doesNotMatch(refused.text, /canary/);

    // All of it has arrived when the last of what it led to has: a parked event, an undone saga, and the metrics of ten seconds.
    await eventually(
      "the event is parked",
      async () => {
        const { logs: found } = await api.logRecords({ query: "service:letters level:error" });
        return found.some(({ body }) => body.includes("parked")) ? true : undefined;
      },
      60_000,
    );
    await eventually(
      "the saga is undone",
      async () => {
        const { traces } = await api.traces({ query: '"saga settle"' });
        return traces.length > 0 ? true : undefined;
      },
      60_000,
    );
    const why = await shop.kerf("why", again.traceId);
    assert.doesNotMatch(`${why.stdout}${why.stderr}`, /canary/);

    const files = readdirSync(shop.home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name, parentPath }) => join(parentPath, name))
      // But for the databases, where the services themselves keep it.
      .filter(
        (file) => !file.startsWith(join(shop.home, "postgres")) || file.endsWith("server.log"),
      );
    const logs = files.filter((file) => file.startsWith(join(shop.home, "logs")));
    const kept = files.filter((file) => file.startsWith(join(shop.home, "state", "telemetry")));
    assert.ok(logs.length > 3 && kept.length > 0);
    assert.ok(logs.some((file) => readFileSync(file).includes("keeps [redacted]")));
    assert.ok(kept.some((file) => readFileSync(file).includes("cannot keep [redacted]")));
    for (const file of files) {
      const bytes = readFileSync(file);
      const at = bytes.indexOf("canary-");
      assert.equal(at, -1, `${file}: ${bytes.subarray(Math.max(0, at - 200), at + 80).toString()}`);
    }
  });
});
