import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { KerfError, systemClock, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import type { Dispatcher, Reply } from "../../transport.ts";
import { FramedCounters } from "./counters.ts";
import { defaultLimits } from "./limits.ts";
import { ServedConnection } from "./served-connection.ts";
import { definitions, greeting, request } from "./testing/raw-peer.ts";

/** A connection that has been greeted, and what it writes from then on. */
function served(receive: NonNullable<Dispatcher["receive"]>): { socket: Socket; writes: string[] } {
  const writes: string[] = [];
  const socket = new Socket();
  socket.write = ((bytes: Buffer, callback?: () => void) => {
    writes.push(bytes.toString());
    callback?.();
    return true;
  }) as Socket["write"];
  const dispatcher: Dispatcher = {
    call: () => assert.fail("it has a way without promises"),
    receive,
    async *stream() {},
  };
  new ServedConnection(
    socket,
    {
      dispatcher,
      clock: systemClock,
      wheel: new TimerWheel(systemClock),
      log: silentLogger,
      instance: "callee-1",
      limits: defaultLimits,
      counters: new FramedCounters(),
    },
    () => {},
  );
  socket.emit("data", greeting());
  writes.length = 0;
  return { socket, writes };
}

const three = Buffer.concat([definitions, request(0), request(1), request(2)]);

test("answers that are there at once leave in one write, with the requests that came together", () => {
  let calls = 0;
  const { socket, writes } = served((_incoming, reply) => {
    calls++;
    if (calls === 2) reply.refused(new KerfError("overloaded", "Not now."));
    else if (calls === 3) throw new KerfError("not_here", "Elsewhere.");
    else reply.answered("well");
  });
  socket.emit("data", three);
  assert.equal(writes.length, 1);
  assert.match(writes[0] ?? "", /"well".*overloaded.*not_here/s);
  socket.destroy();
});

test("much leaves while the rest is still being read", () => {
  let read = 0;
  const { socket, writes } = served((_incoming, reply) => {
    read++;
    assert.equal(writes.length, read < 3 ? 0 : 1);
    reply.answered("x".repeat(1_100));
  });
  socket.emit("data", three);
  assert.equal(writes.length, 2);
  socket.destroy();
});

test("the last answer leaves at once, those before it wait for company", () => {
  const waiting: Reply[] = [];
  const { socket, writes } = served((_incoming, reply) => void waiting.push(reply));
  socket.emit("data", three);
  assert.deepEqual([...writes], []);
  for (const reply of waiting) reply.answered("well");
  assert.equal(writes.length, 1);
  assert.equal(writes[0]?.match(/"well"/g)?.length, 3);
  socket.destroy();
});
