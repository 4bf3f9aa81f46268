import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, KerfError, ManualClock, newTrace } from "@kerf/kernel";
import { Recorder, silentLogger, type Span } from "@kerf/telemetry";
import type { PolicyDefaults } from "./policies/defaults.ts";
import { FarSide } from "./testing/far-side.ts";
import { neighbourhood } from "./testing/neighbourhood.ts";
import type { Request } from "./transport.ts";
import { shelf, shelfService } from "./testing/shelf.ts";

const book = { id: "a", title: "A" };
const lost = new KerfError("connection_lost", "The connection ended.");

/** A recorder and what it was given, as `name code failed`. */
function recording(clock: Clock) {
  const spans: Span[] = [];
  const recorder = new Recorder({
    clock,
    log: silentLogger,
    exporter: {
      add: (span) => void spans.push(span),
      send: () => true,
      stop: () => Promise.resolve(),
    },
  });
  const told = (): Span[] => {
    recorder.flush();
    return spans;
  };
  return { recorder, told };
}

function setting(options: { side?: FarSide; checked?: boolean } = {}) {
  const clock = new ManualClock();
  const { recorder, told } = recording(clock);
  const { side } = options;
  const made = neighbourhood(
    shelfService({
      anything: async ({ input, context }) => {
        if ((input as { value: unknown }).value === "broken") throw new TypeError("a bug");
        if ((input as { value: unknown }).value === "odd") throw Object.create(null);
        return { value: context.trace.spanId };
      },
    }),
    {
      clock,
      recorder,
      checked: options.checked ?? false,
      ...(side === undefined ? undefined : { far: true, discovery: side, connect: side.connect }),
      policies: { baseMs: 10 } as Partial<PolicyDefaults>,
    },
  );
  const bound = made.caller.bind(shelf, { caller: "reader" });
  const root = newTrace(true);
  return {
    ...made,
    clock,
    told,
    root,
    client: bound(made.context({ trace: root })),
    untraced: bound(made.context()),
  };
}

const outline = (spans: readonly Span[]): string[] =>
  spans.map(
    ({ attributes = {}, failed, of }) =>
      `${of.kind} ${of.service}: ${of.name} ${String(attributes["error.type"] ?? "ok")}${failed ? "!" : ""}${attributes["kerf.attempt"] === undefined ? "" : ` ${String(attributes["kerf.attempt"])}`}`,
  );

for (const checked of [false, true]) {
  test(`near: a call and where it is served, what its handler sees; ${checked ? "checked" : "unchecked"}`, async () => {
    const { client, root, told } = setting({ checked });
    const { value } = (await client.anything({ value: 1 })) as { value: string };
    const [served, call] = told();
    assert.deepEqual(outline(told()), [
      "server shelf: shelf/anything ok",
      "client reader: shelf/anything ok",
    ]);
    assert.equal(value, served?.trace.spanId);
    assert.equal(served?.trace.parentId, call?.trace.spanId);
    assert.equal(call?.trace.parentId, root.spanId);
    assert.equal(served?.of.attributes["kerf.caller"], "reader");
  });
}

test("a trace that nobody records leaves no span, at any distance", async () => {
  const side = new FarSide("a");
  side.behaviour = (arrived) => arrived.answer(book);
  const { told, untraced } = setting({ side });
  await untraced.get({ id: "a" });
  assert.equal(side.arrived[0]?.request.trace, undefined);
  const near = setting();
  await near.untraced.get({ id: "a" });
  assert.deepEqual([...told(), ...near.told()], []);
});

test("errors: declared ones are answers, what the caller did wrong is no failure of the service, a bug is", async () => {
  const { client, told } = setting();
  await assert.rejects(Promise.resolve(client.get({ id: "none" })), { code: "notFound" });
  await assert.rejects(Promise.resolve(client.get({ id: 7 } as never)), { code: "invalid_input" });
  await assert.rejects(Promise.resolve(client.anything({ value: "broken" })), { code: "internal" });
  await assert.rejects(Promise.resolve(client.anything({ value: "odd" })), { code: "internal" });
  assert.deepEqual(outline(told()), [
    "server shelf: shelf/get notFound",
    "client reader: shelf/get notFound",
    "server shelf: shelf/get invalid_input",
    "client reader: shelf/get invalid_input!",
    "server shelf: shelf/anything internal!",
    "client reader: shelf/anything internal!",
    "server shelf: shelf/anything internal!",
    "client reader: shelf/anything internal!",
  ]);
  const odd = told().at(-2)?.events?.[0]?.attributes["exception.message"];
  assert.equal(odd, "(it cannot be shown)");
  const bug = told().find(({ events }) => events !== undefined);
  assert.deepEqual(bug?.events?.[0]?.attributes, {
    "exception.type": "TypeError",
    "exception.message": "a bug",
  });
});

function arrivedAt(side: FarSide, at: number): Request {
  return side.arrived[at]?.request ?? assert.fail("it did not arrive");
}

test("far: a call that its first attempt answers is one span, whose id travels", async () => {
  const side = new FarSide("a");
  side.behaviour = (arrived) => arrived.answer(book);
  const { client, root, told } = setting({ side });
  await client.get({ id: "a" });
  const [call] = told();
  assert.deepEqual(outline(told()), ["client reader: shelf/get ok"]);
  assert.equal(call?.trace.parentId, root.spanId);
  assert.equal(call?.of.attributes["server.address" as never], "a");
  const { context, trace = context.trace } = arrivedAt(side, 0);
  assert.equal(trace.spanId, call?.trace.spanId);
});

test("far: a call that is sent again is a span above its attempts, each at its instance, and their ids travel", async () => {
  const side = new FarSide("a", "b");
  const { client, clock, root, told } = setting({ side });
  const call = client.get({ id: "a" });
  side.arrived[0]?.fail(lost);
  await clock.advance(100);
  side.arrived[1]?.answer(book);
  await call;
  const [first, second, whole] = told();
  assert.deepEqual(outline(told()), [
    "client reader: shelf/get connection_lost! 1",
    "client reader: shelf/get ok 2",
    "client reader: shelf/get ok",
  ]);
  for (const [at, attempt] of [first, second].entries()) {
    assert.equal(attempt?.trace.parentId, whole?.trace.spanId);
    const { context, trace = context.trace } = arrivedAt(side, at);
    assert.equal(trace.spanId, attempt?.trace.spanId);
    assert.equal(attempt?.of.attributes["server.address" as never], side.arrived[at]?.address);
  }
  assert.equal(whole?.trace.parentId, root.spanId);
  assert.ok((whole?.endedAt ?? 0) >= (second?.endedAt ?? 1));
  assert.ok((whole?.startedAt ?? 1) <= (first?.startedAt ?? 0));
});

test("far: attempts beside each other are both below the call, the one that lost too", async () => {
  const side = new FarSide("a", "b");
  const { caller, clock, context, root, told } = setting({ side });
  const send = (): Promise<unknown> =>
    caller.send({
      service: "shelf",
      operation: "get",
      kind: "query",
      input: { id: "a" },
      context: context({ deadlineMs: 5_000, trace: root }),
      tuned: { policies: { hedge: true } },
    }) as Promise<unknown>;
  // Until its usual time is known.
  for (let n = 0; n < 30; n++) {
    const call = send();
    await clock.advance(10);
    side.arrived.at(-1)?.answer("measured");
    await call;
  }
  const before = told().length;
  side.arrived.length = 0;
  const call = send();
  await clock.advance(25);
  side.arrived[1]?.answer("from the other");
  await call;
  const spans = told().slice(before);
  assert.deepEqual(outline(spans).toSorted(), [
    "client reader: shelf/get cancelled! 1",
    "client reader: shelf/get ok",
    "client reader: shelf/get ok 2",
  ]);
  const whole = spans.find(({ trace }) => trace.parentId === root.spanId);
  assert.equal(spans.filter(({ trace }) => trace.parentId === whole?.trace.spanId).length, 2);
});

test("what is refused before it goes out is a call as well", async () => {
  const { client, clock, told } = setting({ side: new FarSide() });
  const refused = assert.rejects(Promise.resolve(client.put({ id: "a" })), { code: "unavailable" });
  await clock.advance(1_000);
  await refused;
  assert.deepEqual(outline(told()), ["client reader: shelf/put unavailable!"]);
});

test("a stream is one call and one that is served, until its end or until somebody leaves", async () => {
  const { client, told } = setting();
  const items: number[] = [];
  for await (const { n } of client.count({ to: 2 })) items.push(n);
  assert.deepEqual(items, [1, 2]);
  for await (const { n } of client.count({ to: 9 })) if (n === 2) break;
  const tooFar = async (): Promise<void> => {
    for await (const { n } of client.count({ to: 1_001 })) items.push(n);
  };
  await assert.rejects(tooFar, { code: "tooFar" });
  assert.deepEqual(outline(told()).toSorted(), [
    "client reader: shelf/count ok",
    "client reader: shelf/count ok",
    "client reader: shelf/count tooFar",
    "server shelf: shelf/count ok",
    "server shelf: shelf/count ok",
    "server shelf: shelf/count tooFar",
  ]);
});
