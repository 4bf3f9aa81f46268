import assert from "node:assert/strict";
import { test } from "node:test";
import { startEcho } from "./testing/peers.ts";

test("a call travels to the callee and its answer back", async (t) => {
  const { transport, context } = await startEcho(t);
  const answer = await transport.call({
    service: "echo",
    operation: "say",
    input: { text: "é✓😀" },
    context: context(),
  });
  assert.deepEqual(answer, { text: "é✓😀" });
});

test("many calls share one connection and each gets its own answer", async (t) => {
  const { transport, context, server } = await startEcho(t);
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, n) =>
      transport.call({ service: "echo", operation: "say", input: n, context: context() }),
    ),
  );
  assert.deepEqual(
    answers,
    Array.from({ length: 1000 }, (_, n) => n),
  );
  assert.equal(server.counters.opened, 1);
});
