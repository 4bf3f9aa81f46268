import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { connect } from "node:net";
import { json } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import type { Snapshot, WorkloadIdentity } from "@kerf/call";
import { RequestLoad } from "@kerf/call/host";
import { createHttpEdge, listenHttp, type OtherProtocol, RouteTable } from "@kerf/call/http";
import { systemClock, systemRandom, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { TestEnvironment } from "@kerf/testing/certificates";
import { TrafficKeeper } from "../routes/traffic.ts";
import { startForeign } from "../testing/front.ts";
import { ImageInbound } from "./inbound.ts";
import { OtherImages } from "./other-images.ts";
import { Peers } from "./peers.ts";

const environment = await TestEnvironment.make();
const parts = {
  clock: systemClock,
  random: systemRandom,
  wheel: new TimerWheel(systemClock),
  log: silentLogger,
};
const service = { version: "1.0.0", follows: [] };
const snapshot: Snapshot = {
  app: "tagging",
  environment: environment.name,
  epoch: 1,
  generation: 1,
  services: {
    tags: { ...service, unit: "tags", uses: [] },
    notes: { ...service, unit: "main", uses: ["tags"] },
    labels: { ...service, unit: "labels", uses: [] },
    counts: { ...service, unit: "counts", uses: ["tags"], contracts: [] },
  },
  units: {},
  gateways: { web: { expose: [], uses: [] } },
  principalKeys: [],
  issuerKeys: [],
};

/** A program with its sidecar; what reached the program is kept. */
async function startImage(t: TestContext, isSecure = true, other?: OtherProtocol) {
  const got: Record<string, unknown>[] = [];
  const program = await startForeign(t, (asked, answer) => {
    got.push({ url: asked.url, ...asked.headers });
    answer.setHeader("content-type", "application/json").end(JSON.stringify({ url: asked.url }));
  });
  const identity = await environment.identity("tags");
  const inbound = new ImageInbound({
    image: "tags",
    program: new URL(program.url).host,
    peers: new Peers({
      image: "tags",
      environment: environment.name,
      snapshot: () => snapshot,
      isProved: () => isSecure,
    }),
    parts,
    load: new RequestLoad(),
    tracing: { metrics: undefined, recorder: undefined },
  });
  const place = { host: "127.0.0.1", port: 0 };
  const listener = await inbound.listen(place, isSecure ? identity : undefined, other);
  t.after(async () => {
    await listener.close();
    inbound.stop();
    identity.stop();
  });
  return { got, url: `${isSecure ? "https" : "http"}://127.0.0.1:${listener.port}` };
}

/** A gateway that sends everything there, to whoever proves to be `unit`. */
async function startGateway(t: TestContext, url: string, unit: string): Promise<string> {
  const identity = await environment.identity("gateway:web");
  const traffic = new TrafficKeeper("web", { ...parts, identity: () => identity });
  const routes = traffic.prepare({
    upstreams: { tags: { urls: [url], host: "client", tls: { unit }, policies: { attempts: 1 } } },
    routes: [{ path: "/tags/*", to: { upstream: "tags" }, rewrite: { prefix: "/" } }],
  });
  traffic.use(routes);
  const table = new RouteTable([]);
  const edge = createHttpEdge({
    ...parts,
    routes: () => table,
    foreign: routes,
    authenticate: () => ({}),
    send: () => assert.fail("there are no operations"),
    caller: "gateway:web",
  });
  const listener = await listenHttp({ handler: edge, host: "127.0.0.1", port: 0 });
  t.after(async () => {
    await listener.close();
    traffic.stop();
    identity.stop();
  });
  return listener.url;
}

/** Asks the sidecar itself, as `unit` or as nobody. Answers the status, or why there is none. */
async function ask(url: string, identity: WorkloadIdentity | undefined): Promise<unknown> {
  const sent = request(url, {
    agent: false,
    ca: environment.trusted,
    checkServerIdentity: () => undefined,
    ...(identity && { cert: identity.credentials.certificate, key: identity.credentials.key }),
  });
  try {
    const [response] = (await once(sent.end(), "response")) as [IncomingMessage];
    await json(response);
    return response.statusCode;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

test("a gateway reaches the program of an image over mutual TLS, in one trace", async (t) => {
  const { got, url } = await startImage(t);
  const front = await startGateway(t, url, "tags");
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const headers = { traceparent: `00-${trace}-b7ad6b7169203331-01` };
  const answer = await fetch(`${front}/tags/health?a=b`, { headers });
  assert.deepEqual([answer.status, await answer.json()], [200, { url: "/health?a=b" }]);
  const [asked] = got;
  assert.match(String(asked?.["traceparent"]), new RegExp(`^00-${trace}-`));
  assert.equal(asked?.["x-forwarded-proto"], "http");
  assert.equal(asked?.["via"], "1.1 kerf-web, 1.1 kerf-tags");
  assert.equal(asked?.["host"], new URL(front).host);
});

test("a gateway sends nothing to whoever proves to be another unit", async (t) => {
  const { got, url } = await startImage(t);
  const front = await startGateway(t, url, "payments");
  const answer = await fetch(`${front}/tags/`);
  assert.equal(answer.status, 503);
  assert.deepEqual(got, []);
});

test("a sidecar lets in gateways and those who use its image, and nobody without a certificate", async (t) => {
  const { got, url } = await startImage(t);
  const stranger = await TestEnvironment.make();
  const cases = [
    ["main", environment, 200],
    ["gateway:web", environment, 200],
    ["labels", environment, 403],
    ["gateway:other", environment, 403],
    ["gateway:web", stranger, "ECONNRESET"],
  ] as const;
  for (const [unit, of, expected] of cases) {
    const identity = await of.identity(unit);
    t.after(() => identity.stop());
    assert.equal(await ask(url, identity), expected, unit);
  }
  assert.equal(await ask(url, undefined), "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED");
  assert.equal(got.length, 2);
});

test("an image reaches one that it uses, in one trace, while a copy of that runs", async (t) => {
  const { got, url } = await startImage(t);
  let instances: Snapshot["units"][string]["instances"] = [];
  const identity = await environment.identity("counts");
  const others = new OtherImages({
    image: "counts",
    snapshot: () => ({ ...snapshot, units: { tags: { instances } } }),
    identity: () => identity,
    parts,
    tracing: { recorder: undefined },
  });
  t.after(() => {
    others.stop();
    identity.stop();
  });
  const sidecar = await startForeign(t, (asked, answer) => {
    try {
      others.forward(asked, answer, { name: "tags", target: asked.url ?? "" });
    } catch (thrown) {
      answer.writeHead(503).end((thrown as Error).message);
    }
  });
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const headers = { traceparent: `00-${trace}-b7ad6b7169203331-01` };
  const nobody = await fetch(`${sidecar.url}/health?a=b`, { headers });
  assert.deepEqual([nobody.status, await nobody.text()], [503, "No copy of the image tags runs."]);
  instances = [{ id: "tags-1", address: `tcp:${new URL(url).host}`, state: "ready" }];
  const answer = await fetch(`${sidecar.url}/health?a=b`, { headers });
  assert.deepEqual([answer.status, await answer.json()], [200, { url: "/health?a=b" }]);
  assert.equal(got[0]?.["host"], "tags");
  assert.match(String(got[0]?.["traceparent"]), new RegExp(`^00-${trace}-`));
});

test("where programs have no certificates, requests and calls share a port in the clear", async (t) => {
  const caller = Promise.withResolvers<string>();
  const { url } = await startImage(t, false, {
    protocol: "kerf/1",
    begins: Buffer.from("KERF"),
    accept: (socket) =>
      void socket.once("data", (bytes) => {
        caller.resolve(bytes.toString());
        socket.destroy();
      }),
  });
  assert.deepEqual(await (await fetch(`${url}/a`)).json(), { url: "/a" });
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  // In two pieces, as a network may hand it over.
  socket.write("KE");
  await once(socket, "connect");
  socket.write("RF and more");
  assert.equal(await caller.promise, "KERF and more");
});
