import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { trafficProblems } from "@kerf/service";
import { TestAuthority } from "../../testing/certificates.ts";
import { startFront, type TestFront } from "../../testing/front.ts";
import { EchoClient, type EchoHandlers, startEcho } from "../../testing/grpc.ts";
import { startSecureFront } from "../../testing/secure-front.ts";
import { grpcTimeout, grpcTimeoutMs } from "./deadline.ts";

const same = (bytes: Buffer): Buffer => bytes;
const text = (message: string): Buffer => Buffer.from(message);

interface Asked {
  readonly message?: string;
  readonly trailers: Metadata;
  readonly head: Metadata;
  readonly error?: ServiceError;
}

/** One call with one message in each direction. */
function one(
  client: EchoClient,
  message: string | Buffer,
  {
    deadlineMs,
    metadata = new Metadata(),
    path = "/shop.Echo/one",
  }: {
    deadlineMs?: number;
    metadata?: Metadata;
    path?: string;
  } = {},
): Promise<Asked> {
  return new Promise((resolve) => {
    let head = new Metadata();
    let trailers = new Metadata();
    let answer: { message?: string; error?: ServiceError } = {};
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    const call = client.makeUnaryRequest(
      path,
      same,
      same,
      Buffer.from(message),
      metadata,
      options,
      (error, value) => {
        answer = error === null ? { message: String(value) } : { error };
      },
    );
    call.on("metadata", (given) => (head = given));
    call.on("status", (given) => {
      trailers = given.metadata;
      setImmediate(() => resolve({ ...answer, head, trailers }));
    });
  });
}

async function grpcFront(
  t: TestContext,
  handlers: Partial<EchoHandlers>,
  more: object = {},
): Promise<{ front: TestFront; client: EchoClient; stop: () => void }> {
  const { port, stop } = await startEcho(t, handlers);
  const front = await startFront(t, {
    http2: true,
    upstreams: { echo: { urls: [`http://127.0.0.1:${port}`], protocol: "grpc", ...more } },
    routes: [{ path: "/shop.Echo/*", to: { upstream: "echo" } }],
  });
  return { front, client: EchoClient.connect(t, front.url), stop };
}

test("a call passes with its metadata, its answer with head, trailers and status", async (t) => {
  const { client } = await grpcFront(t, {
    one(call, done) {
      const head = new Metadata();
      head.set("x-head", String(call.metadata.get("x-asked")[0]));
      head.set("x-bytes-bin", call.metadata.get("x-bytes-bin")[0] as Buffer);
      call.sendMetadata(head);
      const trailers = new Metadata();
      trailers.set("x-trailer", "t");
      if (String(call.request) === "refuse")
        return done({ code: status.FAILED_PRECONDITION, details: "100 % nö", metadata: trailers });
      done(null, call.request, trailers);
    },
  });
  const metadata = new Metadata();
  metadata.set("x-asked", "yes");
  metadata.set("x-bytes-bin", Buffer.from([0, 1, 255]));
  const passed = await one(client, "hello", { metadata });
  assert.equal(passed.message, "hello");
  assert.deepEqual(passed.head.get("x-head"), ["yes"]);
  assert.deepEqual(passed.head.get("x-bytes-bin"), [Buffer.from([0, 1, 255])]);
  assert.equal(passed.head.get("x-trace-id").length, 1);
  assert.deepEqual(passed.trailers.get("x-trailer"), ["t"]);
  const refused = await one(client, "refuse", { metadata });
  assert.equal(refused.error?.code, status.FAILED_PRECONDITION);
  assert.equal(refused.error?.details, "100 % nö");
  assert.deepEqual(refused.trailers.get("x-trailer"), ["t"]);
  const unknown = await one(client, "x", { path: "/shop.Echo/none" });
  assert.equal(unknown.error?.code, status.UNIMPLEMENTED);
});

test("messages pass in both directions as they come", async (t) => {
  const { client } = await grpcFront(t, {
    both(call) {
      call.on("data", (message: Buffer) => call.write(message));
      call.on("end", () => call.end());
    },
    up(call, done) {
      let bytes = 0;
      call.on("data", (message: Buffer) => (bytes += message.length));
      call.on("end", () => done(null, text(String(bytes))));
    },
    down(call) {
      for (let n = 0; n < 20; n++) call.write(Buffer.alloc(50_000, n));
      call.end();
    },
  });
  const both = client.makeBidiStreamRequest("/shop.Echo/both", same, same);
  for (const message of ["a", "b", "c"]) {
    both.write(text(message));
    const [back] = (await once(both, "data")) as [Buffer];
    assert.equal(String(back), message);
  }
  both.end();
  await once(both.resume(), "status");
  const sum = await new Promise<string>((resolve, reject) => {
    const up = client.makeClientStreamRequest("/shop.Echo/up", same, same, (error, value) =>
      error === null ? resolve(String(value)) : reject(error),
    );
    for (let n = 0; n < 40; n++) up.write(Buffer.alloc(100_000));
    up.end();
  });
  assert.equal(sum, "4000000");
  const down = client.makeServerStreamRequest("/shop.Echo/down", same, same, Buffer.alloc(0));
  let bytes = 0;
  for await (const message of down) bytes += (message as Buffer).length;
  assert.equal(bytes, 1_000_000);
});

test("a status that comes early ends the call, though its client has more to say", async (t) => {
  const { client } = await grpcFront(t, {
    both: (call) =>
      void call.emit("error", { code: status.UNAUTHENTICATED, details: "who are you" }),
    up: (_call, done) => done({ code: status.RESOURCE_EXHAUSTED, details: "enough" }),
  });
  const both = client.makeBidiStreamRequest("/shop.Echo/both", same, same);
  const ended = await new Promise<{ code: number; details: string }>((resolve) =>
    both
      .on("error", () => {})
      .once("status", resolve)
      .resume(),
  );
  assert.deepEqual([ended.code, ended.details], [status.UNAUTHENTICATED, "who are you"]);
  const refusal = await new Promise<number | undefined>((resolve) => {
    const up = client.makeClientStreamRequest("/shop.Echo/up", same, same, (error) =>
      resolve(error?.code),
    );
    up.write(Buffer.alloc(10));
  });
  assert.equal(refusal, status.RESOURCE_EXHAUSTED);
});

test("the client's deadline goes with the call, and ends it", async (t) => {
  const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
  const deadlines: number[] = [];
  const { client } = await grpcFront(t, {
    one(call, done) {
      deadlines.push(Number(call.getDeadline()) - Date.now());
      if (String(call.request) === "fast") return done(null, call.request);
      call.on("cancelled", () => leave());
    },
  });
  assert.equal((await one(client, "fast", { deadlineMs: 60_000 })).message, "fast");
  const [left = 0] = deadlines;
  assert.ok(left > 0 && left <= 60_000, `${left}`);
  const late = await one(client, "slow", { deadlineMs: 100 });
  assert.equal(late.error?.code, status.DEADLINE_EXCEEDED);
  await gone;
  for (const [header, ms] of [
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3_000],
    ["4m", 4],
    ["5u", 0.005],
  ] as const)
    assert.equal(grpcTimeoutMs(header), ms);
  assert.throws(() => grpcTimeoutMs("1s"), { code: "invalid_input" });
  for (const ms of [0.5, 99, 60_000, 3_600_000, 9e9])
    assert.ok((grpcTimeoutMs(grpcTimeout(ms)) as number) <= ms);
});

test("what the gateway refuses is a status of gRPC", async (t) => {
  const { promise: never } = Promise.withResolvers<void>();
  const { front, client, stop } = await grpcFront(
    t,
    { one: () => void never, both: (call) => void call.write(text("first")) },
    { policies: { deadlineMs: 400 } },
  );
  const silent = await one(client, "x");
  assert.equal(silent.error?.code, status.DEADLINE_EXCEEDED);
  assert.match(String(silent.error?.details), /time for this request ran out/);
  assert.equal(
    (await one(client, "x", { path: "/shop.None/x" })).error?.code,
    status.UNIMPLEMENTED,
  );
  const credentials = new Metadata();
  credentials.set("authorization", "Bearer x");
  const forged = await one(client, "x", { path: "/notes", metadata: credentials });
  assert.equal(forged.error?.code, status.UNIMPLEMENTED, "no operation takes POST there");
  const large = await one(client, Buffer.alloc(1_100_000));
  assert.equal(large.error?.code, status.RESOURCE_EXHAUSTED);

  // In the middle of an answer, and when nobody is there.
  const both = client.makeBidiStreamRequest("/shop.Echo/both", same, same);
  const ended = once(both, "error");
  await once(both, "data");
  stop();
  const [broken] = (await ended) as [ServiceError];
  assert.equal(broken.code, status.UNAVAILABLE);
  assert.equal((await one(client, "x")).error?.code, status.UNAVAILABLE);
  const plain = await fetch(`${front.url}/shop.Echo/one`, { method: "POST", body: "x" });
  assert.equal(plain.status, 415);
  assert.ok(front.lines.some(({ level, upstream }) => level === "warn" && upstream === "echo"));
});

test("over TLS on both sides, and users only", async (t) => {
  const far = await TestAuthority.make("CN=far");
  const { port } = await startEcho(
    t,
    { one: (call, done) => done(null, call.request) },
    await far.issue({ name: "CN=localhost", server: true }),
  );
  const front = await startSecureFront(t, (folder) => {
    const caFile = join(folder, "far.pem");
    writeFileSync(caFile, far.pem);
    return {
      upstreams: {
        echo: {
          urls: [`https://127.0.0.1:${port}`],
          protocol: "grpc",
          tls: { caFile, serverName: "localhost" },
        },
      },
      routes: [{ path: "/shop.Echo/*", to: { upstream: "echo" }, access: "user" }],
    };
  });
  const client = EchoClient.connect(t, front.url, front.authority.pem);
  assert.equal((await one(client, "x")).error?.code, status.UNAUTHENTICATED);
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${await front.platform.issuer.sign({ subject: "ada" })}`);
  assert.equal((await one(client, "hi", { metadata })).message, "hi");
});

test("calls share connections, and another instance is asked when one is not there", async (t) => {
  const peers = new Set<string>();
  const { port } = await startEcho(t, {
    one(call, done) {
      peers.add(call.getPeer());
      done(null, call.request);
    },
  });
  const front = await startFront(t, {
    http2: true,
    upstreams: {
      echo: { urls: ["http://127.0.0.1:9", `http://127.0.0.1:${port}`], protocol: "grpc" },
    },
    routes: [{ path: "/shop.Echo/*", to: { upstream: "echo" } }],
  });
  const client = EchoClient.connect(t, front.url);
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => one(client, `${n}`)));
  assert.deepEqual(
    answers.map(({ message }) => message),
    answers.map((_, n) => `${n}`),
  );
  assert.equal(peers.size, 1);
});

test("what is wrong with upstreams of gRPC is told before anything starts", () => {
  const echo = { urls: ["http://x:1"], protocol: "grpc" } as const;
  const to = { upstream: "echo" };
  const routes = [{ path: "/a/*", to }];
  assert.deepEqual(trafficProblems({ upstreams: { echo }, routes, http2: true }), []);
  assert.equal(trafficProblems({ upstreams: { echo }, routes }).length, 1);
  const health = { path: "/health" };
  assert.equal(
    trafficProblems({ upstreams: { echo: { ...echo, health } }, http2: true }).length,
    1,
  );
  const mirrored = [{ path: "/a/*", to: "services", mirror: { to, share: 1 } }] as const;
  assert.equal(
    trafficProblems({ upstreams: { echo }, routes: mirrored as never, http2: true }).length,
    1,
  );
});
