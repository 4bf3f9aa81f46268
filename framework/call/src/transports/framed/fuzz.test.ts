import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { frameType } from "./frame.ts";
import { startEcho } from "./testing/peers.ts";
import { definitions, frame, greeting, rawClient, request } from "./testing/raw-peer.ts";

// A session in which everything is right; the property changes some of its bytes.
const session = Buffer.concat([
  greeting(),
  definitions,
  request(0, { body: '{"a":[1,2,3]}' }),
  request(1, { body: "100", window: [4, 1000] }),
  frame(frameType.credit, 1, Buffer.from([0, 0, 0, 9, 0, 0, 0, 9])),
  frame(frameType.ping, 0),
  request(2, { body: '"two"' }),
  frame(frameType.cancel, 1, Buffer.from([1])),
  frame(frameType.define, 7, "more"),
  request(65_536, { body: "null" }),
]);

test("whatever becomes of a session's bytes, the server goes on serving the others", async (t) => {
  const { server, transport, context } = await startEcho(t);
  const path = server.address.slice("unix:".length);
  const changes = fc.array(
    fc.record({
      at: fc.nat({ max: session.length - 1 }),
      to: fc.nat({ max: 255 }),
      how: fc.constantFrom("set", "cut", "insert"),
    }),
    { minLength: 1, maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      let bytes = Buffer.from(session);
      for (const { at, to, how } of list) {
        const where = Math.min(at, bytes.length - 1);
        if (how === "set") bytes[where] = to;
        else {
          const middle = how === "insert" ? Buffer.from([to]) : Buffer.alloc(0);
          const rest = bytes.subarray(how === "cut" ? where + 1 + (to % 16) : where);
          bytes = Buffer.concat([bytes.subarray(0, where), middle, rest]);
        }
      }
      const peer = await rawClient(t, path);
      peer.socket.end(bytes);
      await peer.over;
      const served = context();
      const request = { service: "echo", operation: "say", input: "well", context: served };
      assert.equal(await transport.call(request), "well");
      served.release();
    }),
    { numRuns: 200 },
  );
  assert.equal(server.counters.closed.failed, undefined);
});
