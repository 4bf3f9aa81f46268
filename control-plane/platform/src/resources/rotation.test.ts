import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  Caller,
  connectFramed,
  type Dispatcher,
  listenFramed,
  rootContext,
  StaticDiscovery,
  WorkloadIdentity,
} from "@kerf/call";
import { command, contract } from "@kerf/contract";
import { ManualClock, systemClock, systemRandom, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { z } from "zod";
import { Home } from "../state/home.ts";
import { Authority } from "./authority.ts";

const wheel = new TimerWheel(systemClock);
const empty = z.object({});
const echo = contract("echo", {
  version: "1.0.0",
  operations: { say: command({ access: "public", input: empty, output: empty }) },
});
const dispatcher: Dispatcher = {
  call: async () => ({}),
  stream: () => assert.fail("nobody opens a stream"),
};

test(
  "through renewals and the whole change from one authority to the next, no call is lost",
  { timeout: 60_000 },
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "kerf-rotation-"));
    t.after(() => rm(folder, { recursive: true }));
    // All of it within the five minutes by which certificates are valid before they are made: TLS goes by the machine's clock.
    const clock = new ManualClock(systemClock.wall());
    const lives = { certificateMs: 60_000, authorityMs: 240_000 };
    const authority = await Authority.open({
      home: Home.open(folder),
      environment: "dev",
      lives,
      clock,
      log: silentLogger,
    });
    const [first] = authority.trusted;
    const identityOf = (unit: string) =>
      WorkloadIdentity.obtain({
        environment: "dev",
        unit,
        issue: (request) => authority.issue(request, unit),
        authorities: {
          current: () => authority.trusted,
          onChange: (listener) => authority.onChange(listener),
        },
        clock,
        random: { next: () => 0.5 },
        log: silentLogger,
      });
    const [callee, calling] = await Promise.all([identityOf("echo"), identityOf("web")]);
    const parts = { clock, wheel, log: silentLogger };
    const limits = { silenceMs: 10_000_000, connectMs: 10_000_000, handshakeMs: 10_000_000 };
    const server = await listenFramed("tcp:127.0.0.1:0", {
      ...parts,
      limits,
      dispatcher,
      instance: "echo-1",
      identity: callee,
    });
    const caller = new Caller({
      clock: systemClock,
      wheel,
      log: silentLogger,
      random: systemRandom,
      checked: false,
      discovery: new StaticDiscovery({ echo: [server.address] }),
      connect: (address) =>
        connectFramed(address, {
          ...parts,
          limits,
          hello: { instance: "web-1" },
          security: {
            identity: calling,
            unitAt: () => "echo",
          },
        }),
      policies: { "*": { attempts: 1 } },
    });
    t.after(async () => {
      authority.close();
      callee.stop();
      calling.stop();
      await caller.stop();
      await server.close();
    });
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
    const renewals = { callee: 0, calling: 0 };
    callee.onChange(() => renewals.callee++);
    calling.onChange(() => renewals.calling++);
    for (let second = 0; second < 230; second++) {
      await clock.advance(1_000);
      // Calls go on between any two seconds, and what is asked for in one second comes in the next.
      const until = answered + 20;
      while (answered < until) await new Promise((resolve) => setImmediate(resolve));
    }
    // The last turn is due by now; it writes to the disk, which has a time of its own.
    while (authority.trusted.length > 1) await new Promise((resolve) => setImmediate(resolve));
    going = false;
    await load;
    assert.notEqual(authority.trusted[0], first);
    assert.ok(renewals.callee >= 5 && renewals.calling >= 5, JSON.stringify(renewals));
    assert.ok(server.counters.opened >= 4, String(server.counters.opened));
    assert.equal(server.counters.unproven, 0);
    assert.equal(server.counters.closed["certificate_expired"] ?? 0, 0);
  },
);
