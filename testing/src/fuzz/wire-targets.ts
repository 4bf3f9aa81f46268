import { connectFramed, type Dispatcher, serveFramed } from "@kerf/call";
import { CallContext, KerfError, ManualClock, newTrace, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { frame, framesIn, greeting, header } from "./frame-bytes.ts";
import { MemorySocket } from "./memory-socket.ts";
import { BrokenPromise, type Target } from "./target.ts";

const requests = Buffer.concat([
  frame(9, 1, "echo"),
  frame(9, 2, "say"),
  frame(9, 3, "fuzz"),
  frame(1, 0, Buffer.concat([header(), Buffer.from('{"a":[1,2]}')])),
]);
const stream = frame(
  2,
  1,
  Buffer.concat([header(), Buffer.from([0, 0, 0, 2, 0, 0, 4, 0]), Buffer.from("9")]),
);
const keyed = frame(
  1,
  2,
  Buffer.concat([header(4), Buffer.from([0, 3]), Buffer.from("key"), Buffer.from("null")]),
);

const echo: Dispatcher = {
  call: async ({ input }) => input,
  async *stream({ input }) {
    for (let n = 0; n < Math.min(Number(input), 100); n++) yield n;
  },
};

/** The serving side of a connection, whatever a caller sends. */
export const served: Target = {
  name: "frames-to-a-server",
  seeds: [
    greeting,
    Buffer.concat([greeting, requests]),
    Buffer.concat([greeting, requests, stream, frame(8, 1, Buffer.from([0, 0, 0, 9, 0, 0, 0, 9]))]),
    Buffer.concat([greeting, requests, stream, keyed, frame(7, 1, "\x01"), frame(11, 0)]),
    Buffer.concat([greeting, frame(13, 0, "closed: enough")]),
  ],
  words: [
    "KERF",
    '{"instance":',
    '"maxCalls":',
    "1e99",
    '{"__proto__":1}',
    "\0\0\0\x05",
    "\xff\xff\xff\xff",
  ],
  async run(input) {
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock);
    const service = serveFramed({
      dispatcher: echo,
      clock,
      wheel,
      log: silentLogger,
      instance: "fuzzed",
    });
    const socket = new MemorySocket();
    service.accept(socket.asSocket);
    socket.feed(input);
    await clock.advance(6_000);
    socket.destroy();
    await clock.advance(1_000);
    const closed = Object.keys(service.counters.closed).join();
    if (closed === "failed") throw new BrokenPromise("The server threw while it read.");
    if (wheel.waiting > 0) throw new BrokenPromise("The server left something on its wheel.");
    const types = new Set(framesIn(Buffer.concat(socket.written)).map(({ type }) => type));
    return `${closed} ${[...types].toSorted((a, b) => a - b).join()}`;
  },
};

/** The calling side of a connection with a call and a stream under way, whatever a server answers. */
export const called: Target = {
  name: "frames-to-a-caller",
  seeds: [
    greeting,
    Buffer.concat([
      greeting,
      frame(3, 0, '{"n":1}'),
      frame(5, 1, "1"),
      frame(5, 1, "2"),
      frame(6, 1),
    ]),
    Buffer.concat([
      greeting,
      frame(5, 1, "1"),
      frame(4, 1, '{"code":"x","message":"m","retry":"never","declared":true}'),
    ]),
    Buffer.concat([
      greeting,
      frame(10, 0),
      frame(4, 0, '{"code":"not_here","message":"m","retry":"not-executed"}'),
    ]),
    Buffer.concat([greeting, frame(12, 0), frame(11, 0), frame(13, 0, "silent: gone")]),
  ],
  words: [
    "KERF",
    '"retry":"unknown"',
    '"code":',
    "[[[[",
    "\0\0\0\x05\x03\0\0\0\0",
    "\0\0\0\x06\x05\0\0\0\x01",
  ],
  async run(input) {
    const clock = new ManualClock();
    const wheel = new TimerWheel(clock);
    const socket = new MemorySocket();
    const transport = connectFramed("unix:/fuzzed", {
      clock,
      wheel,
      log: silentLogger,
      hello: { instance: "fuzz-1" },
      dial: (_endpoint, { connected }) => {
        queueMicrotask(() => socket.reads(connected(socket.asSocket, undefined)));
        return { cancel: () => undefined };
      },
    });
    const context = new CallContext({
      clock,
      wheel,
      deadline: clock.now() + 3_000,
      trace: newTrace(),
      caller: "fuzz",
    });
    const request = { service: "echo", operation: "say", input: 1, context };
    const ends: string[] = [];
    const ended = (error: unknown): void => {
      if (!(error instanceof KerfError))
        throw new BrokenPromise("A call failed with no error of ours.");
      ends.push(
        error.declared
          ? "declared"
          : `${error.code in known ? error.code : "other"} ${error.retry}`,
      );
    };
    const call = transport.call(request).then(() => void ends.push("answer"), ended);
    const items = (async () => {
      let count = 0;
      try {
        for await (const _item of transport.stream(request)) count++;
        ends.push(`end after ${Math.min(count, 3)}`);
      } catch (error) {
        ended(error);
      }
    })();
    await clock.advance(1);
    socket.feed(input);
    await clock.advance(10_000);
    transport.close();
    await Promise.all([call, items]);
    await clock.advance(1_000);
    if (transport.inFlight > 0) throw new BrokenPromise("The caller forgot a call.");
    if (wheel.waiting > 0) throw new BrokenPromise("The caller left something on its wheel.");
    return ends.join("; ");
  },
};

/** Codes that tell ways through the client apart; all others come from the input. */
const known: Readonly<Record<string, true>> = {
  connection_lost: true,
  deadline_exceeded: true,
  not_here: true,
  protocol_error: true,
  unavailable: true,
};
