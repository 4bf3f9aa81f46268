// The telemetry store as a program: `node @kerf/platform/telemetry-store --directory DIR --socket FILE [--port N] [--keep-days N] [--keep-bytes N]`. It
// takes OTLP over HTTP on loopback, keeps it in DIR and answers queries at the socket FILE. On stdout it says where it takes OTLP, as one JSON line. It ends
// with everything written, on SIGTERM and when whoever started everything is gone (KERF_LIFELINE_FD).
import { rmSync, statSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo, ListenOptions } from "node:net";
import { parseArgs } from "node:util";
import { watchLifeline } from "@kerf/call/host";
import { KerfError, systemClock } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import { Ingest } from "./ingest.ts";
import { otlpServer } from "./otlp/http.ts";
import { queryServer } from "./query/http.ts";
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
    port: { type: "string", default: "0" },
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
const retention = {
  maxBytes: bytes === undefined ? defaultRetention.maxBytes : Number(bytes),
  maxAgeMs: days === undefined ? defaultRetention.maxAgeMs : Number(days) * 86_400_000,
};
const store = new TelemetryStore(directory, { clock, log, retention });
const ingest = new Ingest(store, { clock, log });
const queries = queryServer(store, () => clock.wall());
const otlp = otlpServer(ingest);
rmSync(socket, { force: true });
await listen(queries, { path: socket });
await listen(otlp, { port: Number(port), host: "127.0.0.1" });
const address = `http://127.0.0.1:${(otlp.address() as AddressInfo).port}`;
process.stdout.write(`${JSON.stringify({ address })}\n`);

process.on("SIGTERM", stop);
watchLifeline(stop);
const { ino } = statSync(socket);
watchSocket();

function listen(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(options, resolve);
  });
}

/** Who starts another at the same place did not know of this one; who took the place away needs none. */
function watchSocket(): void {
  if (statSync(socket as string, { throwIfNoEntry: false })?.ino === ino)
    clock.after(lookMs, watchSocket);
  else stop();
}

function stop(): void {
  for (const server of [otlp, queries]) server.close();
  ingest.flush();
  store.close();
  process.exit(0);
}
