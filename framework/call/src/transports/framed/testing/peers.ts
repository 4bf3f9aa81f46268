import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { CallContext, type ContextFields, newTrace, systemClock, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import type { Dispatcher, Transport } from "../../../transport.ts";
import { connectFramed, type FramedClientOptions } from "../client.ts";
import { type FramedServer, type FramedServerOptions, listenFramed } from "../server.ts";

/** Both sides of one connection over a Unix socket of its own, taken away when the test ends. */
export interface Peers {
  readonly server: FramedServer;
  readonly transport: Transport;
  /** A context for one call; 5 s unless the test says otherwise. */
  readonly context: (fields?: Partial<ContextFields> & { remainingMs?: number }) => CallContext;
}

/** Starts a server around `dispatcher` and a client to it. */
export async function startPeers(
  t: TestContext,
  dispatcher: Dispatcher,
  options: { server?: Partial<FramedServerOptions>; client?: Partial<FramedClientOptions> } = {},
): Promise<Peers> {
  const directory = await temporaryDirectory(t);
  const wheel = new TimerWheel(systemClock);
  const shared = { clock: systemClock, wheel, log: silentLogger };
  const server = await listenFramed(`unix:${join(directory, "s")}`, {
    ...shared,
    dispatcher,
    instance: "callee-1",
    ...options.server,
  });
  const transport = connectFramed(server.address, {
    ...shared,
    hello: { instance: "caller-1" },
    ...options.client,
  });
  t.after(async () => {
    transport.close();
    await server.close();
  });
  return { server, transport, context: (fields) => contextFor(wheel, fields) };
}

/** Peers whose service answers with its input, and whose streams count from 0 up to it. */
export function startEcho(
  t: TestContext,
  options?: Parameters<typeof startPeers>[2],
): Promise<Peers> {
  const dispatcher: Dispatcher = {
    call: async ({ input }) => input,
    async *stream({ input }) {
      for (let n = 0; n < (input as number); n++) yield n;
    },
  };
  return startPeers(t, dispatcher, options);
}

/** A directory of the test's own, short enough for sockets. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "kerf-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A context for one call; 5 s unless `fields` say otherwise. */
export function contextFor(
  wheel: TimerWheel,
  fields: Partial<ContextFields> & { remainingMs?: number } = {},
): CallContext {
  const { remainingMs = 5000, ...rest } = fields;
  return new CallContext({
    clock: systemClock,
    wheel,
    deadline: systemClock.now() + remainingMs,
    trace: newTrace(),
    caller: "tester",
    ...rest,
  });
}
