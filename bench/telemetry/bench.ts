import { mkdtemp, rm } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { seededRandom } from "@kerf/kernel";
import type { Benchmark } from "../harness/benchmark.ts";
import { cpuMicros } from "../harness/cpu-time.ts";
import { median } from "../harness/pairs.ts";
import { startServer } from "../wire/server-process.ts";
import { bodiesOf } from "./bodies.ts";

const store = fileURLToPath(import.meta.resolve("@kerf/platform/telemetry-store"));
/** Requests under way: as several programs send. */
const senders = 4;
/** Traces that are asked for. */
const asked = 200;

const benchmark: Benchmark = {
  name: "telemetry",
  about:
    "the store: spans that one core takes in over OTLP/HTTP, and how long a trace by its id takes among a million",
  peers: false,
  async run({ quick, log }) {
    const spans = quick ? 200_000 : 1_000_000;
    const directory = await mkdtemp(join(tmpdir(), "kerf-bench-telemetry-"));
    const socket = join(directory, "queries.sock");
    const server = await startServer(store, ["--directory", directory, "--socket", socket]);
    try {
      const bodies = bodiesOf(spans, seededRandom(1));
      const traces: string[] = [];
      let sent = 0;
      const cpuBefore = cpuMicros(server.pid);
      const sender = async (): Promise<void> => {
        for (const { body, spans: count, traceId } of bodies) {
          const response = await fetch(`${server.address}/v1/traces`, {
            method: "POST",
            headers: { "content-type": "application/x-protobuf" },
            body: new Uint8Array(body),
          });
          if (response.status !== 200)
            throw new Error(`${response.status}: ${await response.text()}`);
          await response.arrayBuffer();
          sent += count;
          traces.push(traceId);
        }
      };
      await Promise.all(Array.from({ length: senders }, sender));
      const perSpan = (cpuMicros(server.pid) - cpuBefore) / sent;
      log(`${sent} spans   ${perSpan.toFixed(1)} µs of CPU each, all threads of the store`);

      const random = seededRandom(2);
      const took: number[] = [];
      for (let n = 0; n < asked; n++) {
        const id = traces[Math.floor(random.next() * traces.length)] ?? "";
        const since = performance.now();
        const found = (await ask(socket, `/trace/${id}`)) as { spans: unknown[] };
        took.push(performance.now() - since);
        if (found.spans.length !== 8) throw new Error(`${id} has ${found.spans.length} spans`);
      }
      const worst = Math.max(...took);
      log(
        `a trace by its id   median ${median(took).toFixed(1)} ms, worst of ${asked} ${worst.toFixed(1)} ms`,
      );
      return { ingest_spans_per_s: 1_000_000 / perSpan, trace_by_id_ms: worst };
    } finally {
      await server.stop();
      await rm(directory, { recursive: true });
    }
  },
};

function ask(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path }, (response: IncomingMessage) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      response.on("end", () => resolve(JSON.parse(text)));
    }).on("error", reject);
  });
}

export default benchmark;
