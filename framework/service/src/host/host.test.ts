import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { basename, dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { TemplateDatabases } from "@kerf/data";
import { startTemporaryServer } from "@kerf/data/embedded";
import { newTrace } from "@kerf/kernel";
import { OtlpSink } from "@kerf/telemetry/testing";
import { jwtVerify } from "jose";
import { tokenIdentity } from "../issuer.ts";
import { greeter, keeps, relay } from "./fixtures/app/contracts.ts";
import { exitCodes } from "./exit-codes.ts";
import { fixtureApp, TestPlatform } from "./testing/test-platform.ts";
import { systemSchema } from "../system-schema.ts";

/** Longest wait of a test, milliseconds: a host that hangs fails its test instead of the run. */
const timeout = 60_000;

async function platformOf(context: TestContext): Promise<TestPlatform> {
  const platform = await TestPlatform.start();
  context.after(() => platform.end());
  return platform;
}

/** Where the fixture's `hold` waits: `held` resolves when a call is inside, its socket releases the call. */
async function holder(
  context: TestContext,
  directory: string,
): Promise<{ socket: string; held: Promise<Socket> }> {
  const socket = join(directory, "hold.sock");
  const server = createServer().listen(socket);
  await once(server, "listening");
  const sockets: Socket[] = [];
  context.after(() => {
    for (const each of sockets) each.destroy();
    server.close();
  });
  const held = once(server, "connection").then(([connection]) => {
    sockets.push((connection as Socket).on("error", () => undefined));
    return connection as Socket;
  });
  return { socket, held };
}

test(
  "an instance attaches, becomes ready, and answers on its socket",
  { timeout },
  async (context) => {
    const platform = await platformOf(context);
    const host = platform.spawn("greeter-1", ["greeter"]);
    await platform.reported("greeter-1", "ready");
    const { text, pid } = await platform.client(greeter, host).greet({ name: "Ada" });
    assert.equal(text, "hello Ada");
    assert.equal(pid, host.child.pid);
    const [attachment] = platform.attachments;
    assert.equal(attachment?.pid, host.child.pid);
    assert.equal(attachment?.token, "token of greeter-1");
    assert.equal(attachment?.address, host.address);
    assert.deepEqual(
      attachment?.files.map((file) => basename(file)),
      ["app.ts", "contracts.ts", "greeter.ts"],
    );
    const line = host
      .log()
      .split("\n")
      .find((each) => each.includes('"greeting"'));
    const entry = JSON.parse(line ?? "{}") as Record<string, unknown>;
    assert.equal(entry["unit"], "greeter");
    assert.equal(entry["instance"], "greeter-1");
    assert.equal(entry["service"], "greeter");
    assert.match(String(entry["trace_id"]), /^[0-9a-f]{32}$/);
  },
);

test(
  "services call each other inside of one unit, and over the socket between two",
  { timeout },
  async (context) => {
    const platform = await platformOf(context);
    const both = platform.spawn("both-1", ["relay", "greeter"]);
    await platform.reported("both-1", "ready");
    const near = await platform.client(relay, both).greet({ name: "Ada" });
    const first = platform.spawn("greeter-1", ["greeter"]);
    const second = platform.spawn("relay-1", ["relay"]);
    await platform.reported("greeter-1", "ready");
    await platform.reported("relay-1", "ready");
    platform.publish({ greeter: first });
    await platform.acknowledged("relay-1");
    const far = await platform.client(relay, second).greet({ name: "Ada" });
    assert.deepEqual(near, { text: "hello Ada, through the relay" });
    assert.deepEqual(far, near);
  },
);

test(
  "spans of two programs are one tree, and are delivered before they end",
  { timeout },
  async (context) => {
    const platform = await platformOf(context);
    const sink = await OtlpSink.listen();
    context.after(() => sink.close());
    const boot = { telemetry: { otlp: { endpoint: sink.endpoint } } };
    const callee = platform.spawn("greeter-1", ["greeter"], boot);
    const caller = platform.spawn("relay-1", ["relay"], boot);
    await platform.reported("greeter-1", "ready");
    await platform.reported("relay-1", "ready");
    platform.publish({ greeter: callee, relay: caller });
    await platform.acknowledged("relay-1");
    const trace = newTrace(true);
    await platform.client(relay, caller).greet({ name: "Ada" }, { trace });
    await platform.client(relay, caller).greet({ name: "Bob" });
    for (const { child, exited } of [caller, callee]) {
      child.kill("SIGTERM");
      assert.equal((await exited).code, exitCodes.stopped);
    }
    const { spans } = sink;
    const below = (parent: string | undefined): string[] =>
      spans
        .filter(({ parentSpanId }) => parentSpanId === parent)
        .flatMap(({ kind, name, spanId }) => [`${kind} ${name}`, ...below(spanId)]);
    assert.equal(spans.length, 3);
    const root = spans.find(({ name }) => name === "relay/greet")?.parentSpanId;
    assert.deepEqual(below(root), ["2 relay/greet", "3 greeter/greet", "2 greeter/greet"]);
    assert.ok(spans.every(({ traceId }) => traceId === trace.traceId));
  },
);

test(
  "SIGTERM: what is in flight is finished, what comes is sent elsewhere, the end is clean",
  { timeout },
  async (context) => {
    const platform = await platformOf(context);
    const host = platform.spawn("greeter-1", ["greeter"]);
    await platform.reported("greeter-1", "ready");
    const { socket, held } = await holder(context, platform.directory);
    const client = platform.client(greeter, host);
    const holding = client.hold({ socket });
    const release = await held;
    host.child.kill("SIGTERM");
    await platform.reported("greeter-1", "draining");
    await assert.rejects(
      async () => client.greet({ name: "late" }),
      (error: { retry?: string }) => error.retry === "not-executed",
    );
    release.write("go on");
    assert.deepEqual(await holding, { released: true });
    assert.deepEqual(await host.exited, { code: exitCodes.stopped, signal: null });
  },
);

test(
  "without the launcher it ends soon, even when a call is stuck",
  { timeout },
  async (context) => {
    const platform = await platformOf(context);
    const host = platform.spawn("greeter-1", ["greeter"]);
    await platform.reported("greeter-1", "ready");
    const { socket, held } = await holder(context, platform.directory);
    const stuck = assert.rejects(async () => platform.client(greeter, host).hold({ socket }));
    await held;
    host.cutLifeline();
    assert.deepEqual(await host.exited, { code: exitCodes.stopped, signal: null });
    await stuck;
  },
);

test("without the launcher it ends even while a module loads", { timeout }, async (context) => {
  const platform = await platformOf(context);
  const host = platform.spawn("endless-1", ["endless"]);
  await host.said("waits at its top level");
  host.cutLifeline();
  assert.deepEqual(await host.exited, { code: exitCodes.stopped, signal: null });
});

test(
  "it serves on when the platform dies, and starts anew at the address of one that was killed",
  { timeout },
  async (context) => {
    const platform = await platformOf(context);
    const host = platform.spawn("greeter-1", ["greeter"]);
    await platform.reported("greeter-1", "ready");
    const address = host.address;
    host.child.kill("SIGKILL");
    assert.equal((await host.exited).signal, "SIGKILL");
    const next = platform.spawn("greeter-2", ["greeter"], { address });
    await platform.reported("greeter-2", "ready");
    await platform.die();
    assert.equal((await platform.client(greeter, next).greet({ name: "Ada" })).text, "hello Ada");
  },
);

test("a unit with a database, a worker and the issuer's key", { timeout }, async (context) => {
  const platform = await platformOf(context);
  const temporary = await startTemporaryServer();
  context.after(() => temporary.stop());
  const templates = new TemplateDatabases(temporary.server.database, systemSchema);
  const cloned = await templates.clone("keeps", join(dirname(fixtureApp), "migrations"));
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const host = platform.spawn("keeps-1", ["keeps"], {
    databases: { keeps: { ...cloned.app, connections: 2 } },
    keys: { issuer: { ...privateKey.export({ format: "jwk" }), kid: "issuer-1" } },
  });
  await platform.reported("keeps-1", "ready");
  const client = platform.client(keeps, host);
  await client.put({ text: "by a client" });
  const texts = new Set<string>();
  while (texts.size < 2) for (const text of (await client.all({})).texts) texts.add(text);
  assert.deepEqual([...texts].toSorted(), ["by a client", "by the worker"]);
  const { token } = await client.token({});
  const { payload } = await jwtVerify(token, publicKey, tokenIdentity("fixture", "test"));
  assert.equal(payload.sub, "somebody");
  host.child.kill("SIGTERM");
  assert.deepEqual(await host.exited, { code: exitCodes.stopped, signal: null });
  await templates.close();
});

test(
  "what is thrown where nobody catches is logged in full and ends the program",
  { timeout },
  async (context) => {
    const platform = await platformOf(context);
    const host = platform.spawn("greeter-1", ["greeter"]);
    await platform.reported("greeter-1", "ready");
    await platform
      .client(greeter, host)
      .crash({})
      .catch(() => undefined);
    assert.deepEqual(await host.exited, { code: exitCodes.failed, signal: null });
    assert.match(host.log(), /thrown where nobody catches[^]*greeter\.ts:\d+:\d+/);
  },
);

test(
  "a start that fails says why, to programs and to people, and with what exit code",
  { timeout },
  async (context) => {
    const platform = await platformOf(context);
    const cases: [
      services: string[],
      boot: Parameters<TestPlatform["spawn"]>[2],
      code: number,
      said: RegExp,
    ][] = [
      [["broken"], {}, exitCodes.failed, /The service broken cannot be loaded:[^]*broken\.ts:2/],
      [["renamed"], {}, exitCodes.misconfigured, /exports the service of the contract greeter/],
      [["nobody"], {}, exitCodes.misconfigured, /The app fixture has no service "nobody"/],
      [["keeps"], {}, exitCodes.misconfigured, /told of no database for keeps/],
      [
        ["greeter"],
        { appModule: `${fixtureApp}.missing` },
        exitCodes.failed,
        /The app module cannot be loaded: Cannot find module/,
      ],
    ];
    await Promise.all(
      cases.map(async ([services, boot, code, said], index) => {
        const host = platform.spawn(`failing-${index}`, services, boot);
        assert.deepEqual(await host.exited, { code, signal: null });
        const [first = "", ...rest] = host.log().split("\n");
        const entry = JSON.parse(first) as Record<string, unknown>;
        assert.equal(entry["level"], "error");
        assert.match(String(entry["error"]), said);
        assert.match(rest.join("\n"), said);
      }),
    );
  },
);
