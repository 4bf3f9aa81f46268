// Calls over mutual TLS that go on while certificates are exchanged, each tried once: one that is lost fails the test. For tests; no part of the package.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import {
  Caller,
  connectFramed,
  type Dispatcher,
  listenFramed,
  rootContext,
  StaticDiscovery,
  type WorkloadIdentity,
} from "@kerf/call";
import { command, contract } from "@kerf/contract";
import { type ManualClock, systemClock, systemRandom, TimerWheel, toKerfError } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { z } from "zod";

const empty = z.object({});
const echo = contract("echo", {
  version: "1.0.0",
  operations: { say: command({ access: "public", input: empty, output: empty }) },
});
const dispatcher: Dispatcher = {
  call: async () => ({}),
  stream: () => assert.fail("nobody opens a stream"),
};

/** Calls from one identity to another, whose time is moved by hand. */
export interface SteadyCalls {
  /** Waits until `count` more calls were answered, and a connection made meanwhile has been proven too: what was begun before (a file, a handshake) has had its time. */
  more(count: number): Promise<void>;
  /** Ends them. Rejects when one was lost; says how often there was a new connection and a new certificate. */
  end(): Promise<{ connections: number; renewals: { callee: number; calling: number } }>;
}

/** Starts them; `callee` is the unit `echo`. */
export async function steadyCalls(
  t: TestContext,
  {
    callee,
    calling,
    clock,
  }: { callee: WorkloadIdentity; calling: WorkloadIdentity; clock: ManualClock },
): Promise<SteadyCalls> {
  const wheel = new TimerWheel(systemClock);
  const parts = { clock, wheel, log: silentLogger };
  const limits = { silenceMs: 10_000_000, connectMs: 10_000_000, handshakeMs: 10_000_000 };
  const server = await listenFramed("tcp:127.0.0.1:0", {
    ...parts,
    limits,
    dispatcher,
    instance: "echo-1",
    identity: callee,
  });
  const connect = (address: string) =>
    connectFramed(address, {
      ...parts,
      limits,
      hello: { instance: "web-1" },
      security: { identity: calling, unitAt: () => "echo" },
    });
  let connections = 0;
  const caller = new Caller({
    clock: systemClock,
    wheel,
    log: silentLogger,
    random: systemRandom,
    checked: false,
    discovery: new StaticDiscovery({ echo: [server.address] }),
    connect: (address) => {
      connections++;
      return connect(address);
    },
    policies: { "*": { attempts: 1 } },
  });
  t.after(async () => {
    callee.stop();
    calling.stop();
    await caller.stop();
    await server.close();
  });
  const renewals = { callee: 0, calling: 0 };
  callee.onChange(() => renewals.callee++);
  calling.onChange(() => renewals.calling++);
  const context = rootContext({ clock: systemClock, wheel, caller: "web", deadlineMs: 60_000 });
  const client = caller.bind(echo, { caller: "web" })(context);
  let answered = 0;
  let going = true;
  const load = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (going) {
        await client.say({});
        answered++;
      }
    }),
  );
  let lost: Error | undefined;
  load.catch((error: unknown) => (lost = toKerfError(error)));
  return {
    async more(count) {
      const until = answered + count;
      const another = connect(server.address);
      await another.probe();
      another.close();
      while (answered < until && lost === undefined)
        await new Promise((resolve) => setImmediate(resolve));
      if (lost !== undefined) throw lost;
    },
    async end() {
      going = false;
      await load;
      assert.equal(server.counters.unproven, 0);
      assert.equal(server.counters.closed["certificate_expired"] ?? 0, 0);
      return { connections, renewals };
    },
  };
}
