import { busy } from "../../workload/app/services.ts";
import type { Fault } from "./fault.ts";
import { pause, send } from "./signals.ts";

const servers = ["main", "payments"];

/** What `pg_ctl stop -m immediate` sends: the server ends without a checkpoint and recovers from its log at the next start. */
export const stopPostgres: Fault = {
  name: "stop-postgres",
  targets: servers,
  async strike({ target }, cluster) {
    const { pid } = await cluster.postgres(target);
    if (!send(pid, "SIGQUIT")) throw new Error(`process ${pid} was gone already`);
    return `immediate stop of ${pid}`;
  },
};

/** The server's first process ends without a word; the others notice and end too. */
export const killPostgres: Fault = {
  name: "kill-postgres",
  targets: servers,
  async strike({ target }, cluster) {
    const { pid } = await cluster.postgres(target);
    if (!send(pid, "SIGKILL")) throw new Error(`process ${pid} was gone already`);
    return `kill -9 ${pid}`;
  },
};

/** One connection's process in the server crashes: the server ends all of them and recovers. */
export const crashBackend: Fault = {
  name: "crash-backend",
  targets: busy,
  async strike({ target, which }, cluster) {
    const pids = await cluster.backends(target);
    const pid = pids[Math.floor(which * pids.length)];
    if (pid === undefined) return "there was no connection";
    send(pid, "SIGKILL");
    return `kill -9 ${pid}, one of ${pids.length} connections`;
  },
};

/** All connections to a database are cut, in whatever they are doing. */
export const cutConnections: Fault = {
  name: "cut-connections",
  targets: busy,
  async strike({ target }, cluster) {
    const pids = await cluster.backends(target);
    for (const pid of pids) send(pid, "SIGTERM");
    return `${pids.length} connections ended`;
  },
};

/** The far side of every connection to a database falls silent, and speaks again: what a partition of the network looks like. */
export const silenceConnections: Fault = {
  name: "silence-connections",
  targets: busy,
  lasts: [3_000, 12_000],
  async strike({ target, lastsMs }, cluster, signal) {
    const pids = await cluster.backends(target);
    await pause(pids, lastsMs, signal);
    return `${pids.length} connections silent for ${(lastsMs / 1_000).toFixed(1)} s`;
  },
};
