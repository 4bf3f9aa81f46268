import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunState } from "@kerf/control-api";
import { KerfError, ManualClock } from "@kerf/kernel";
import { programs } from "../programs.ts";
import { ProcessRuntime } from "../runtimes/process.ts";
import { Home } from "../state/home.ts";
import { StoreClient } from "./store-client.ts";
import { StoreProcess } from "./store-process.ts";

test("a store that hangs is noticed: whoever asks is told within the bound, and another takes its place", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "kerf-hung-"));
  const home = Home.open(root);
  const clock = new ManualClock();
  const client = new StoreClient(home.telemetrySocket, clock);
  const states: RunState[] = [];
  let moved = (): void => {};
  const store = new StoreProcess({
    home,
    otlpSocket: home.telemetryOtlpSocket,
    clock,
    runtime: new ProcessRuntime({ clock, programs }),
    client,
    usualPorts: false,
    moved: ({ state }) => {
      states.push(state);
      moved();
    },
    problem: () => {},
  });
  /** Time passes as it does, and faster where nothing is to be waited for but bounds. */
  let pace = 10;
  const isOver = new AbortController();
  const passing = (async () => {
    while (!isOver.signal.aborted) {
      await clock.advance(pace);
      await sleep(10);
    }
  })();
  t.after(async () => {
    await store.stop(5_000);
    isOver.abort();
    await passing;
    rmSync(root, { recursive: true });
  });
  const ready = (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    moved = () => store.state === "ready" && resolve();
    return promise;
  };

  const first = ready();
  await store.prepare({ keep: { share: 0.5, slowMs: 200 } });
  store.start();
  await first;
  const { pid } = store;

  const second = ready();
  process.kill(pid, "SIGSTOP");
  pace = 500;
  const began = clock.now();
  await assert.rejects(
    client.logs({ query: "" }),
    (error) => error instanceof KerfError && /did not answer within 20 s/.test(error.why ?? ""),
  );
  assert.ok(clock.now() - began <= 21_000);
  const told = moved;
  moved = () => {
    pace = 10;
    told();
  };
  await second;
  assert.notEqual(store.pid, pid);
  assert.deepEqual(states, ["starting", "ready", "restarting", "starting", "ready"]);
  assert.equal(store.status?.restarts, 1);
  await client.logs({ query: "" });
});
