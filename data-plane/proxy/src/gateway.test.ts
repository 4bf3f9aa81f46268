import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { type TestContext, test } from "node:test";
import type { Boot, ServedOperation } from "@kerf/call";
import { httpClient } from "@kerf/call/browser";
import type { Problem } from "@kerf/call/http";
import { safe } from "@kerf/contract";
import { Logger } from "@kerf/telemetry";
import { writeBuild } from "@kerf/service/testing";
import { notes, page } from "./fixtures/app/contracts.ts";
import { assembleGateway } from "./gateway.ts";
import type { Health } from "./health.ts";
import { FrontPlatform } from "./testing/platform.ts";

type Lines = Record<string, unknown>[];

async function startGateway(
  platform: FrontPlatform,
  boot: Boot,
): Promise<{ url: string; lines: Lines; stop: () => Promise<void> }> {
  const lines: Lines = [];
  const sink = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const gateway = await assembleGateway(boot, new Logger({ level: boot.logLevel, sink }));
  platform.before(() => gateway.lifecycle.stop());
  await gateway.lifecycle.start();
  return { url: gateway.url as string, lines, stop: () => gateway.lifecycle.stop() };
}

async function front(
  t: TestContext,
  operations: Partial<Record<string, ServedOperation>> = {},
): Promise<{
  platform: FrontPlatform;
  url: string;
  lines: Lines;
  stopNotes: () => Promise<void>;
  stop: () => Promise<void>;
}> {
  const platform = await FrontPlatform.start(t, true);
  const stopNotes = await platform.startNotes(operations);
  return { platform, stopNotes, ...(await startGateway(platform, platform.boot())) };
}

test("a request goes through to a service, and its user with it", async (t) => {
  const { platform, url } = await front(t);
  const token = await platform.issuer.sign({ subject: "ada", claims: { role: "editor" } });
  const anonymous = httpClient(notes, { baseUrl: url });
  const ada = httpClient(notes, { baseUrl: url, token: () => token });
  assert.deepEqual(await anonymous.open({ limit: 5 }), { limit: 5, caller: "gateway:web" });
  assert.equal((await ada.open({})).subject, "ada");
  assert.deepEqual(await ada.mine({}), { subject: "ada", claims: { role: "editor" } });
  assert.deepEqual(await ada.add({ book: "a/b", text: "hi" }), {
    book: "a/b",
    text: "hi",
    by: "ada",
  });
  const full = await safe(ada.add({ book: "full", text: "hi" }));
  assert.deepEqual(full.error?.data, { book: "full" });
  await assert.rejects(anonymous.mine({}), { code: "unauthenticated" });
  await assert.rejects(ada.open({ limit: 11 }), { code: "invalid_input" });
  // Whichever comes first: the end of its last attempt or of its deadline.
  await assert.rejects(ada.hang({}), { code: /^(?:unavailable|deadline_exceeded)$/ });
  assert.equal((await fetch(`${url}/inside`)).status, 404);
});

test("a token that does not hold is refused, on public routes too", async (t) => {
  const { platform, url } = await front(t);
  const good = await platform.issuer.sign({ subject: "ada" });
  const forged = `${good.slice(0, -8)}AAAAAAAA`;
  for (const path of ["/notes/mine", "/notes"]) {
    for (const authorization of [
      `Bearer ${forged}`,
      "Bearer x",
      "Bearer",
      "Basic YTpi",
      "bearer  ",
    ]) {
      const response = await fetch(url + path, { headers: { authorization } });
      assert.equal(response.status, 401, `${path} ${authorization}`);
      assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer error="invalid_token"/);
      const problem = (await response.json()) as Problem;
      assert.equal(problem.code, "unauthenticated");
      assert.ok(!JSON.stringify(problem).includes(forged));
    }
    const response = await fetch(url + path, { headers: { authorization: `bearer ${good}` } });
    assert.equal(response.status, 200);
  }
});

test("nobody becomes somebody by saying so", async (t) => {
  const { url } = await front(t);
  const headers = {
    "x-kerf-principal": "ada",
    "x-forwarded-user": "ada",
    "x-kerf-caller": "platform",
  };
  const response = await fetch(`${url}/notes`, { headers });
  assert.deepEqual(await response.json(), { limit: 2, caller: "gateway:web" });
});

test("a stream arrives item by item, resumes, and ends at the service when its client leaves", async (t) => {
  const { promise: left, resolve: leave } = Promise.withResolvers<string>();
  const { url } = await front(t, {
    watch: {
      async *run({ input, after, context }) {
        const { book } = input as { book: string };
        for (let n = Number(after ?? 0) + 1; n <= 3; n++) yield { n };
        if (book !== "open") return;
        await new Promise<void>((resolve) =>
          context.onCancel((reason) => {
            leave(reason.code);
            resolve();
          }),
        );
      },
    },
  });
  const client = httpClient(notes, { baseUrl: url });
  assert.deepEqual(await Array.fromAsync(client.watch({ book: "a" })), [
    { n: 1 },
    { n: 2 },
    { n: 3 },
  ]);
  assert.deepEqual(await Array.fromAsync(client.watch({ book: "a" }, { after: "2" })), [{ n: 3 }]);
  const [response] = (await once(get(`${url}/notes/open/stream`), "response")) as [IncomingMessage];
  await once(response, "data");
  response.destroy();
  assert.equal(await left, "cancelled");
});

test("the backend answers in the gateway, as itself, and degrades", async (t) => {
  const { platform, url } = await front(t);
  const client = httpClient(page, { baseUrl: url });
  assert.deepEqual(await client.home({}), { caller: "page", degraded: false });
  const attachment = await platform.attached();
  assert.equal(attachment.unit, "gateway:web");
  assert.equal(attachment.address, url);
  platform.change(() => ({ units: {} }));
  await platform.acknowledged();
  assert.deepEqual(await client.home({}), { degraded: true });
});

test("the backend comes from its build when it has one, and the app is not looked at", async (t) => {
  const platform = await FrontPlatform.start(t, true);
  await platform.startNotes();
  const service = new URL("./fixtures/app/page.ts", import.meta.url).href;
  const directory = writeBuild(platform.directory, page, {
    "service.js": `export { default } from ${JSON.stringify(service)};\n`,
  });
  const boot = platform.boot({ appModule: "/nowhere/app.ts", builds: { page: directory } });
  const { url } = await startGateway(platform, boot);
  const client = httpClient(page, { baseUrl: url });
  assert.deepEqual(await client.home({}), { caller: "page", degraded: false });
});

test("health tells of services without calling them", async (t) => {
  const { platform, url, stopNotes } = await front(t);
  const health = async (): Promise<[number, Health]> => {
    const response = await fetch(`${url}/health`);
    return [response.status, (await response.json()) as Health];
  };
  assert.deepEqual(await health(), [200, { status: "ok", services: { notes: "up", page: "up" } }]);
  await (await fetch(`${url}/notes`)).text();
  // Its death is noticed by the connection before any placement says so.
  await stopNotes();
  await assert.rejects(httpClient(notes, { baseUrl: url }).open({}), { code: "unavailable" });
  assert.deepEqual(await health(), [
    200,
    { status: "degraded", services: { notes: "down", page: "up" } },
  ]);
  platform.change(() => ({ units: { notes: { instances: [] } } }));
  await platform.acknowledged();
  assert.deepEqual((await health())[1].services["notes"], "down");
  for (const [path, method, status] of [
    ["/health/live", "GET", 200],
    ["/health/ready", "GET", 200],
    ["/health?x=1", "HEAD", 200],
    ["/health", "POST", 405],
    ["/health", "OPTIONS", 204],
    ["/health/other", "GET", 404],
  ] as const) {
    const response = await fetch(url + path, { method });
    assert.equal(response.status, status, path);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  }
});

test("routes and keys follow the placement; what is refused changes nothing", async (t) => {
  const { platform, url, lines } = await front(t);
  const token = await platform.issuer.sign({ subject: "ada" });
  const mine = async (): Promise<number> =>
    (await fetch(`${url}/notes/mine`, { headers: { authorization: `Bearer ${token}` } })).status;
  assert.equal(await mine(), 200);

  // Two routes in one place: the last good table stays, and the log says what is wrong.
  platform.change(({ gateways }) => {
    const [described] = gateways["web"]?.expose ?? [];
    const twin = { ...described, name: "twin" } as NonNullable<typeof described>;
    return { gateways: { web: { expose: [described as typeof twin, twin], uses: [] } } };
  });
  await platform.acknowledged();
  assert.equal(await mine(), 200);
  assert.ok(lines.some(({ level, error }) => level === "error" && /conflict/.test(String(error))));

  platform.change(() => ({ issuerKeys: [] }));
  await platform.acknowledged();
  assert.equal(await mine(), 401, "a key that is gone, although the token was verified before");

  platform.change(() => ({ gateways: { web: { expose: [], uses: [] } } }));
  await platform.acknowledged();
  assert.equal((await fetch(`${url}/notes`)).status, 404);
});

test("goes on serving when the platform is away, and starts from the last good snapshot", async (t) => {
  const platform = await FrontPlatform.start(t);
  await platform.startNotes();
  const nobody = `unix:${platform.directory}/nobody.sock`;
  const boot = platform.boot();
  const { url } = await startGateway(platform, {
    ...boot,
    platform: { ...boot.platform, address: nobody },
  });
  assert.equal((await fetch(`${url}/notes`)).status, 200);
});

test("what is wrong with its boot document stops it before it serves", async (t) => {
  const platform = await FrontPlatform.start(t);
  const start = (fields: Partial<Boot>): Promise<unknown> =>
    startGateway(platform, platform.boot(fields));
  await assert.rejects(start({ unit: "gateway:other" }), { code: "invalid_configuration" });
  await assert.rejects(start({ keys: {} }), { code: "invalid_configuration" });
  await assert.rejects(start({ http: undefined }), { code: "invalid_configuration" });
  await assert.rejects(start({ services: ["renamed"] }), { code: "invalid_configuration" });
  await assert.rejects(start({ services: ["page"], appModule: "/nowhere/app.ts" }), {
    code: "start_failed",
  });
});

test("stops: streams end, requests finish, nothing is cut off", async (t) => {
  const { promise: go, resolve: finish } = Promise.withResolvers<void>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const { url, stop } = await front(t, {
    open: {
      async run({ input, context }) {
        arrive();
        await go;
        return { ...(input as object), caller: context.caller };
      },
    },
    watch: {
      async *run({ context }) {
        yield { n: 1 };
        await new Promise<void>((resolve) => context.onCancel(() => resolve()));
      },
    },
  });
  const watched = fetch(`${url}/notes/a/stream`);
  const stream = await watched;
  const request = fetch(`${url}/notes`);
  await arrived;
  const stopped = stop();
  // Without a word: whoever reads it comes again and resumes.
  assert.doesNotMatch(await stream.text(), /event: error|: end/);
  finish();
  assert.equal((await request).status, 200);
  await stopped;
  await assert.rejects(fetch(`${url}/notes`));
});
