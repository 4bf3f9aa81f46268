import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { ManualClock } from "@kerf/kernel";
import { edgeUnderTest, untilCancelled } from "./testing/edge-under-test.ts";

async function open(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const request = get(url, { headers });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.setEncoding("utf8");
  return response;
}

test("items are events with their cursor as id, and the end is told from a break", async (t) => {
  const { url } = await edgeUnderTest(t);
  const response = await fetch(`${url}/count/2`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.equal(response.headers.get("cache-control"), "no-store, no-transform");
  assert.match(response.headers.get("x-trace-id") ?? "", /^[0-9a-f]{32}$/);
  assert.equal(
    await response.text(),
    'retry: 1000\n\nid: 1\ndata: {"n":1}\n\nid: 2\ndata: {"n":2}\n\n: end\n\n',
  );
});

test("Last-Event-ID resumes; nothing left is 204, on which an EventSource stops", async (t) => {
  const { url, calls } = await edgeUnderTest(t);
  const rest = await fetch(`${url}/count/3`, { headers: { "last-event-id": "2" } });
  assert.equal(await rest.text(), 'retry: 1000\n\nid: 3\ndata: {"n":3}\n\n: end\n\n');
  assert.equal(calls[0]?.after, "2");
  const nothing = await fetch(`${url}/count/3`, { headers: { "last-event-id": "3" } });
  assert.equal(nothing.status, 204);
  const empty = await fetch(`${url}/count/0`);
  assert.equal(await empty.text(), "retry: 1000\n\n: end\n\n");
});

test("no value breaks out of its line", async (t) => {
  const { url } = await edgeUnderTest(t, {
    handlers: {
      async *say() {
        yield { n: "1\ndata: forged\n\n", text: "a\nb\r\n\u2028" };
        yield { n: { deep: 1 } };
        yield null;
      },
    },
  });
  assert.equal(
    await (await fetch(`${url}/say`)).text(),
    `retry: 1000\n\ndata: ${JSON.stringify({ n: "1\ndata: forged\n\n", text: "a\nb\r\n\u2028" })}\n\ndata: {"n":{"deep":1}}\n\ndata: null\n\n: end\n\n`,
  );
});

test("a failure after the first item is a last event with the problem", async (t) => {
  const { url, lines } = await edgeUnderTest(t, {
    handlers: {
      async *count() {
        yield { n: 1 };
        throw new Error("hunter2");
      },
    },
  });
  const response = await fetch(`${url}/count/1`);
  const events = (await response.text()).split("\n\n").filter((event) => event !== "");
  const [kind, data] = (events.at(-1) as string).split("\n") as [string, string];
  assert.equal(kind, "event: error");
  const problem = JSON.parse(data.slice("data: ".length)) as Record<string, unknown>;
  assert.equal(problem["code"], "internal");
  assert.equal(problem["traceId"], response.headers.get("x-trace-id"));
  assert.doesNotMatch(data, /hunter2/);
  const logged = lines.filter((line) => line["trace_id"] === problem["traceId"]);
  assert.match(JSON.stringify(logged), /hunter2/);
});

test("silence is broken by a comment every 15 seconds", async (t) => {
  const clock = new ManualClock();
  const { url } = await edgeUnderTest(t, {
    clock,
    handlers: {
      async *count(call) {
        yield { n: 1 };
        await untilCancelled(call.context);
      },
    },
  });
  const response = await open(`${url}/count/1`);
  await once(response, "data");
  for (let i = 0; i < 3; i++) {
    const beat = once(response, "data");
    await clock.advance(15_000);
    assert.deepEqual(await beat, [":\n\n"]);
  }
  response.destroy();
});

test("a client that leaves cancels the call", async (t) => {
  const edge = await edgeUnderTest(t, {
    handlers: {
      async *count(call) {
        yield { n: 1 };
        await untilCancelled(call.context);
      },
    },
  });
  const arrived = edge.nextCall();
  const response = await open(`${edge.url}/count/1`);
  const context = await arrived;
  const cancelled = new Promise((resolve) => context.onCancel((reason) => resolve(reason.code)));
  response.destroy();
  assert.equal(await cancelled, "cancelled");
});

test("a client that does not read holds the stream back", async (t) => {
  const padding = "x".repeat(65_536);
  let made = 0;
  const { promise: stalled, resolve: stall } = Promise.withResolvers<void>();
  const edge = await edgeUnderTest(t, {
    handlers: {
      async *say() {
        for (let n = 1; n <= 2_000; n++) {
          made = n;
          yield { n, padding };
          // A turn of the loop in which the connection could have taken the item, had its reader wanted it.
          await new Promise((resolve) => setImmediate(resolve));
          if (n === 1) stall();
        }
      },
    },
  });
  const response = await open(`${edge.url}/say`);
  response.pause();
  await stalled;
  // Kernel buffers fill up within some turns; then nothing moves any more, however long we look.
  let before = -1;
  for (let quiet = 0; quiet < 50; quiet = made === before ? quiet + 1 : 0) {
    before = made;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.ok(made < 2_000, `made ${made}`);
  const all = await text(response);
  assert.equal(made, 2_000);
  assert.match(all.slice(-10), /: end\n\n$/);
});

test("streams end when their edge stops, and HEAD opens none", async (t) => {
  const draining = new AbortController();
  const edge = await edgeUnderTest(t, {
    draining: draining.signal,
    handlers: {
      async *count(call) {
        yield { n: 1 };
        await untilCancelled(call.context);
      },
    },
  });
  const arrived = edge.nextCall();
  const head = await fetch(`${edge.url}/count/1`, { method: "HEAD" });
  assert.equal(head.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.equal((await arrived).cancelled?.code, "cancelled");

  const response = await open(`${edge.url}/count/1`);
  await once(response, "data");
  draining.abort();
  assert.equal(await text(response), "", "nothing has failed, and it is not complete");
  // Whoever comes to it all the same is to come again, elsewhere: a browser does after 200 only.
  const late = await fetch(`${edge.url}/count/1`);
  assert.deepEqual([late.status, await late.text()], [200, "retry: 1000\n\n"]);
});
