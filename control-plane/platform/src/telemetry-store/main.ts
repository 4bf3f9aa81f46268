// The telemetry store as a program: `node @kerf/platform/telemetry-store --directory DIR --socket FILE [--otlp-socket FILE] [--port N] [--grpc-port N]
// [--keep-days N] [--keep-bytes N]`. It takes OTLP over HTTP and gRPC on loopback, over HTTP at the OTLP socket as well, keeps it in DIR and answers queries at the socket FILE. On stdout it says where it takes OTLP, as one JSON line:
// {"address":"http://…","grpc":"http://…"}. Of traces it keeps all, or with --keep SHARE that share of them (0 to 1), those with an error and the slow
// ones: slower than 99 of a hundred of their kind, or than --slow-ms N. It ends with everything written, on SIGTERM and when whoever started everything is gone
// (KERF_LIFELINE_FD).
import { chownSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { AddressInfo, ListenOptions, Server } from "node:net";
import { parseArgs } from "node:util";
import { watchLifeline } from "@kerf/call/host";
import { KerfError, systemClock } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import { Ingest } from "./ingest.ts";
import { grpcServer } from "./otlp/grpc.ts";
import { otlpServer } from "./otlp/http.ts";
import { Receiver } from "./otlp/receiver.ts";
import { queryServer } from "./query/http.ts";
import { TailSampler } from "./sampling/tail-sampler.ts";
import { defaultRetention } from "./segments/segments.ts";
import { TelemetryStore } from "./store.ts";

/** How often it is looked at whether its socket is still there, milliseconds. */
const lookMs = 5_000;

const clock = systemClock;
const log = new Logger({ level: "info", sink: (line) => process.stderr.write(`${line}\n`) });
const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    socket: { type: "string" },
    "otlp-socket": { type: "string" },
    port: { type: "string", default: "0" },
    "grpc-port": { type: "string", default: "0" },
    keep: { type: "string", default: "1" },
    "slow-ms": { type: "string" },
    "keep-days": { type: "string" },
    "keep-bytes": { type: "string" },
  },
});
const { directory, port, socket } = values;
if (directory === undefined || socket === undefined)
  throw new KerfError("invalid_configuration", "It takes --directory DIR and --socket FILE.");

// What it keeps and where it answers is nobody else's on this machine.
process.umask(0o077);
const { "keep-bytes": bytes, "keep-days": days } = values;
const { maxAgeMs, maxBytes } = defaultRetention;
const retention = {
  maxBytes: bytes === undefined ? maxBytes : numberOf("keep-bytes", bytes, Number.MAX_SAFE_INTEGER),
  maxAgeMs: days === undefined ? maxAgeMs : numberOf("keep-days", days, 36_500) * 86_400_000,
};
const store = new TelemetryStore(directory, { clock, log, retention });
const ingest = new Ingest(store, { clock, log });
const queries = queryServer(store, () => clock.wall());
const share = numberOf("keep", values.keep, 1);
const slowMs = numberOf("slow-ms", values["slow-ms"] ?? "0", Number.MAX_SAFE_INTEGER);
const sampler =
  share < 1
    ? new TailSampler(ingest, { share, slowMs: slowMs === 0 ? undefined : slowMs, clock, log })
    : undefined;
const receiver = new Receiver(sampler ?? ingest);
const otlp = otlpServer(receiver);
const grpc = grpcServer(receiver, clock);
rmSync(socket, { force: true });
await listen(queries, { path: socket });
const own = otlpServer(receiver);
const { "otlp-socket": otlpSocket } = values;
if (otlpSocket !== undefined) {
  rmSync(otlpSocket, { force: true });
  await listen(own, { path: otlpSocket });
  // Root makes it for whom the folder was made.
  const { gid, uid } = statSync(dirname(otlpSocket));
  if (process.getuid?.() === 0) chownSync(otlpSocket, uid, gid);
}
await listen(otlp, { port: Number(port), host: "127.0.0.1" });
await listen(grpc, { port: Number(values["grpc-port"]), host: "127.0.0.1" });
process.stdout.write(`${JSON.stringify({ address: addressOf(otlp), grpc: addressOf(grpc) })}\n`);

process.on("SIGTERM", stop);
watchLifeline(stop);
const { ino } = statSync(socket);
watchSocket();

function listen(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(options, resolve);
  });
}

function numberOf(option: string, text: string, most: number): number {
  const number = Number(text);
  if (text !== "" && number >= 0 && number <= most) return number;
  throw new KerfError("invalid_configuration", {
    message: `--${option} ${text} is no number from 0 to ${most}.`,
    fix: `Give --${option} such a number, or leave it out.`,
  });
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Who starts another at the same place did not know of this one; who took the place away needs none. */
function watchSocket(): void {
  if (statSync(socket as string, { throwIfNoEntry: false })?.ino === ino)
    clock.after(lookMs, watchSocket);
  else stop();
}

function stop(): void {
  for (const server of [own, otlp, grpc, queries]) server.close();
  sampler?.flush();
  ingest.flush();
  store.close();
  process.exit(0);
}
