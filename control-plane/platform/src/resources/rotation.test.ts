import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { WorkloadIdentity } from "@kerf/call";
import { ManualClock, systemClock } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { Home } from "../state/home.ts";
import { Authority } from "./authority.ts";
import { steadyCalls } from "./testing/steady-calls.ts";

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
    t.after(() => authority.close());
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
    const calls = await steadyCalls(t, { callee, calling, clock });
    for (let second = 0; second < 230; second++) {
      await clock.advance(1_000);
      // Calls go on between any two seconds, and what is asked for in one second comes in the next.
      await calls.more(20);
    }
    // The last turn is due by now; it writes to the disk, which has a time of its own.
    while (authority.trusted.length > 1) await new Promise((resolve) => setImmediate(resolve));
    const { connections, renewals } = await calls.end();
    assert.notEqual(authority.trusted[0], first);
    assert.ok(renewals.callee >= 5 && renewals.calling >= 5, JSON.stringify(renewals));
    assert.ok(connections >= 4, String(connections));
  },
);
