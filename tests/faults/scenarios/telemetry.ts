import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { send } from "../../chaos/faults/signals.ts";
import type { Cluster } from "../cluster.ts";
import type { Scenario } from "./scenario.ts";

const run = promisify(execFile);
/** How often a store that was started again is ended again, milliseconds. */
const againMs = 300;
/** How much further a file may grow on a disk that is full, bytes. */
const roomBytes = 200_000;

/**
 * What a program may hold for its telemetry, MB, for each place that it goes to: of spans one batch that is filled, one that is sent and
 * four that wait, of at most 8,192 spans and so 2 MB each; of metrics five of 1 MB. The store and one more place make 34.
 */
const telemetryMb = 34;
/** By how much V8 may let a program's young objects grow under the same load, MB: two halves of 16, of which a program that was just warmed up has taken little. */
const youngObjectsMb = 32;
/** By how much a program may become larger. */
const memoryBoundMb = telemetryMb + youngObjectsMb;

const all = { exporter: true, leastSuccess: 1, memoryBoundMb, isSteady: true } as const;

/** The store is gone: whatever starts is ended at once. */
export const telemetryGone: Scenario = {
  ...all,
  name: "telemetry-gone",
  says: "kill -9 of the telemetry store, again and again",
  async strike(cluster) {
    const strike = (): void => {
      const pid = cluster.telemetry();
      if (pid !== undefined) send(pid, "SIGKILL");
    };
    strike();
    const timer = setInterval(strike, againMs);
    return () => clearInterval(timer);
  },
};

/** The store stands still: the system takes what is sent to it until its buffers are full, and nobody reads it. */
export const telemetryStopped: Scenario = {
  ...all,
  name: "telemetry-stopped",
  says: "SIGSTOP of the telemetry store",
  strike: async (cluster) => {
    const pid = storeOf(cluster);
    send(pid, "SIGSTOP");
    return () => void send(pid, "SIGCONT");
  },
};

/** The store cannot write: its files may not grow, which is what a full disk is to it and needs no disk. */
export const telemetryFull: Scenario = {
  ...all,
  name: "telemetry-full",
  says: "the telemetry store can write no more",
  strike: async (cluster) => {
    const pid = storeOf(cluster);
    const largest = await cluster.largestTelemetryFile();
    await run("prlimit", ["--pid", `${pid}`, `--fsize=${largest + roomBytes}:`]);
    return async () => {
      await run("prlimit", ["--pid", `${pid}`, "--fsize=unlimited:"]).catch(() => undefined);
    };
  },
};

/** Another place that telemetry is sent to takes it slower than it comes. */
export const telemetrySlow: Scenario = {
  ...all,
  name: "telemetry-slow",
  says: "the backend that telemetry is sent to beside the store takes 64 bytes a second",
  strike: async (cluster) => {
    cluster.slowExporter(true);
    return () => cluster.slowExporter(false);
  },
};

/** Both places at once, in two ways: the most that programs have to keep. */
export const telemetryNowhere: Scenario = {
  ...all,
  name: "telemetry-nowhere",
  says: "the telemetry store stands still, and the backend beside it takes 64 bytes a second",
  async strike(cluster) {
    const mends = [await telemetryStopped.strike(cluster), await telemetrySlow.strike(cluster)];
    return async () => {
      for (const mend of mends) await mend();
    };
  },
};

function storeOf(cluster: Cluster): number {
  const pid = cluster.telemetry();
  if (pid === undefined) throw new Error("no telemetry store runs");
  return pid;
}
