import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "@kerf/kernel";
import { QueryCache } from "../policies/query-cache.ts";
import { RawJson } from "../json/raw-json.ts";
import { frameType } from "../transports/framed/frame.ts";
import { temporaryDirectory } from "../transports/framed/testing/peers.ts";
import { frame, greeting, rawServer } from "../transports/framed/testing/raw-peer.ts";
import type { Problem } from "./problem.ts";
import { type EdgeUnderTest, edgeUnderTest } from "./testing/edge-under-test.ts";

const json = { "content-type": "application/json" };

/** Two texts that JSON.parse and JSON.stringify would change: numbers, order, blanks, escapes, a member twice. */
const sent =
  '{ "sku" : "a  b\\u00e9\\/", "quantity":1.0,\n"z":1e2, "a":-0, "2":2, "1":1, "z":12345678901234567890 }';
const said = '{"total" : 1e2,\t"b":1.50, "a":"\\u0041  é", "b":0.1e1}';

/** Something that speaks the protocol, keeps what it hears and answers every call with `answer`, byte by byte. */
async function stranger(
  t: TestContext,
  answer: string,
  hello: Record<string, unknown> = {},
): Promise<{ address: string; inputs: string[] }> {
  const path = join(await temporaryDirectory(t), "s");
  const inputs: string[] = [];
  await rawServer(t, path, async (peer) => {
    peer.socket.write(greeting(hello));
    for (let seen = 0; ; seen++) {
      const requests = (): typeof peer.received =>
        peer.received.filter(({ type }) => type === frameType.request);
      await peer.hears(() => requests().length > seen).catch(() => {});
      const request = requests()[seen];
      if (request === undefined) return;
      // Before the body stands the header of a command: its last part is a key of 32 digits.
      inputs.push(request.payload.replace(/^.*?call:[0-9a-f]{32}/s, ""));
      peer.socket.write(frame(frameType.response, request.stream, answer));
    }
  });
  return { address: `unix:${path}`, inputs };
}

test("a body goes to the service byte by byte, and the answer comes back so", async (t) => {
  const { address, inputs } = await stranger(t, said);
  const { url } = await edgeUnderTest(t, { over: address });
  const response = await fetch(`${url}/things`, { method: "POST", headers: json, body: sent });
  assert.equal(response.status, 201);
  assert.equal(response.headers.get("content-type"), "application/json; charset=utf-8");
  assert.equal(response.headers.get("content-length"), String(Buffer.byteLength(said)));
  assert.equal(await response.text(), said);
  assert.deepEqual(inputs, [sent]);
  const long = `{"a":"${"é".repeat(100_000)}"}`;
  const far = await stranger(t, long);
  const edge = await edgeUnderTest(t, { over: far.address });
  const head = await fetch(`${edge.url}/things`, { method: "HEAD" });
  assert.equal(head.headers.get("content-length"), String(Buffer.byteLength(long)));
  assert.equal(await (await fetch(`${edge.url}/things`)).text(), long);
});

test("no answer is 204, over a wire too", async (t) => {
  for (const over of [undefined, "socket"] as const) {
    const handlers = { list: () => undefined, create: () => undefined };
    const { url } = await edgeUnderTest(t, { over, handlers });
    assert.equal((await fetch(`${url}/things`)).status, 204);
    const body = '{"sku":"a","quantity":1}';
    const created = await fetch(`${url}/things`, { method: "POST", headers: json, body });
    assert.deepEqual([created.status, await created.text()], [201, ""]);
  }
});

const refusals: readonly [body: string | Uint8Array, status: number, detail: RegExp][] = [
  [new Uint8Array([0x22, 0xff, 0x22]), 400, /^The body is not valid UTF-8\.$/],
  ['{"sku":}', 400, /^The body is not valid JSON: line 1, column 8: a value was expected\.$/],
  ['{\n"sku":"hunter2",}', 400, /line 2, column 17: a property name in double quotes/],
  ["", 400, /^The body is empty, but its content type says JSON\.$/],
  [" ", 400, /line 1, column 2: a value was expected/],
  ["\ufeff", 400, /line 1, column 1: a value was expected/],
  ['{"a":{"__proto__":{}}}', 400, /^The body has a field named "__proto__"\.$/],
  ['{"\\u005f_proto__":1}', 400, /^The body has a field named "__proto__"\.$/],
  ['{"constructor":{"prototype":1}}', 400, /"constructor" with a field "prototype"\.$/],
  [`${"[".repeat(130)}${"]".repeat(130)}`, 400, /^The body nests deeper than 128 levels\.$/],
  [`"${"x".repeat(1_000)}"`, 413, /^The body is larger than the 1000 bytes/],
  ["null", 400, /./],
  ['{"sku":1,"quantity":0}', 400, /sku.*quantity/s],
];

async function refusedBy({ url }: EdgeUnderTest): Promise<Omit<Problem, "traceId">[]> {
  const problems: Omit<Problem, "traceId">[] = [];
  for (const [body, status, detail] of refusals) {
    const label = Buffer.from(body).toString().slice(0, 30);
    const response = await fetch(`${url}/things`, { method: "POST", headers: json, body });
    assert.equal(response.status, status, label);
    assert.equal(response.headers.get("content-type"), "application/problem+json", label);
    const { traceId, ...problem } = (await response.json()) as Problem;
    assert.match(traceId, /^[0-9a-f]{32}$/);
    assert.match(problem.detail ?? "", detail, label);
    assert.doesNotMatch(JSON.stringify(problem), /hunter2/);
    problems.push(problem);
  }
  return problems;
}

test("what cannot be read is refused with the same problem near and far, and the connection goes on", async (t) => {
  const near = await refusedBy(await edgeUnderTest(t));
  const far = await edgeUnderTest(t, { over: "socket" });
  const waiting = far.nextCall();
  const held = fetch(`${far.url}/wait`).catch(() => undefined);
  const context = await waiting;
  assert.deepEqual(await refusedBy(far), near);
  assert.equal(context.cancelled, undefined, "calls beside it go on");
  assert.equal(near[0]?.type, "urn:kerf:error:invalid_input");
  const fine = await fetch(`${far.url}/things`, {
    method: "POST",
    headers: json,
    body: '\ufeff{"sku":"\ufffd","quantity":1.0,"constructor":1}',
  });
  assert.deepEqual([fine.status, await fine.json()], [201, { sku: "\ufffd", quantity: 1 }]);
  void held;
});

test("a callee of the version before gets nothing that it would end the connection for", async (t) => {
  const { address, inputs } = await stranger(t, said, { answersBadJson: undefined });
  const edge = await edgeUnderTest(t, { over: address });
  const post = async (body: string): Promise<number> =>
    (await fetch(`${edge.url}/things`, { method: "POST", headers: json, body })).status;
  assert.equal(await post("{'a':1}"), 400);
  assert.equal(await post(sent), 201);
  // JSON may have a byte order mark before it, but not every reader takes one.
  assert.equal(await post(`\ufeff${sent}`), 201);
  assert.deepEqual(inputs, [sent, sent]);
});

test("answers are kept in the form in which they came, and read by who asks for values", async () => {
  const bytes = Buffer.from(said);
  let asked = 0;
  const cache = new QueryCache({ cache: { ttlMs: 1_000, for: "everyone" } }, 1_000, systemClock);
  const send = cache.wrap((_context, input) => {
    asked++;
    return Promise.resolve(input === undefined ? undefined : new RawJson(bytes));
  });
  const context = {} as never;
  const first = await send(context, new RawJson(Buffer.from('{"a":1.0}')), { raw: true });
  assert.ok(first instanceof RawJson);
  const again = await send(context, { a: 1 }, { raw: true });
  assert.ok(again instanceof RawJson);
  assert.equal(Buffer.from(again.bytes).toString(), said, "the same question, however written");
  const value = (await send(context, { a: 1 }, {})) as object;
  assert.deepEqual(value, JSON.parse(said));
  assert.notEqual(await send(context, { a: 1 }, {}), value, "nobody shares an object");
  assert.equal(asked, 1);
});
