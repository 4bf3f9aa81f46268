// The telemetry store as a program: `node @kerf/platform/telemetry-store --directory DIR --socket FILE [--port N] [--grpc-port N]`. It takes OTLP over
// HTTP and gRPC on loopback, keeps it in DIR and answers queries at the socket FILE. On stdout it says where it takes OTLP, as one JSON line:
// {"address":"http://…","grpc":"http://…"}. It ends with everything written, on SIGTERM and when its stdin ends.
import { rmSync } from "node:fs";
import type { AddressInfo, ListenOptions, Server } from "node:net";
import { parseArgs } from "node:util";
import { KerfError, systemClock } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import { Ingest } from "./ingest.ts";
import { grpcServer } from "./otlp/grpc.ts";
import { otlpServer } from "./otlp/http.ts";
import { Receiver } from "./otlp/receiver.ts";
import { queryServer } from "./query/http.ts";
import { TelemetryStore } from "./store.ts";

const clock = systemClock;
const log = new Logger({ level: "info", sink: (line) => process.stderr.write(`${line}\n`) });
const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    socket: { type: "string" },
    port: { type: "string", default: "0" },
    "grpc-port": { type: "string", default: "0" },
  },
});
const { directory, port, socket } = values;
if (directory === undefined || socket === undefined)
  throw new KerfError("invalid_configuration", "It takes --directory DIR and --socket FILE.");

// What it keeps and where it answers is nobody else's on this machine.
process.umask(0o077);
const store = new TelemetryStore(directory, { clock, log });
const ingest = new Ingest(store, { clock, log });
const queries = queryServer(store, () => clock.wall());
const receiver = new Receiver(ingest);
const otlp = otlpServer(receiver);
const grpc = grpcServer(receiver, clock);
rmSync(socket, { force: true });
await listen(queries, { path: socket });
await listen(otlp, { port: Number(port), host: "127.0.0.1" });
await listen(grpc, { port: Number(values["grpc-port"]), host: "127.0.0.1" });
process.stdout.write(`${JSON.stringify({ address: addressOf(otlp), grpc: addressOf(grpc) })}\n`);

process.on("SIGTERM", stop);
process.stdin.on("end", stop).resume();

function listen(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(options, resolve);
  });
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function stop(): void {
  for (const server of [otlp, grpc, queries]) server.close();
  ingest.flush();
  store.close();
  process.exit(0);
}
