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
import { beganAt, bodiesOf } from "./bodies.ts";
import { logBodies } from "./log-bodies.ts";

const store = fileURLToPath(import.meta.resolve("@kerf/platform/telemetry-store"));
/** Requests under way: as several programs send. */
const senders = 4;
/** Traces that are asked for. */
const asked = 200;
/** Lines of logs that are searched. */
const lines = 200_000;
/** How often each search is made. */
const searches = 5;

type Answer = Readonly<Record<string, readonly unknown[]>>;

const benchmark: Benchmark = {
  name: "telemetry",
  about:
    "the store: spans that one core takes in over OTLP/HTTP; how long a trace by its id, lists of traces and a text in 200,000 lines take among a million spans",
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
      const [first, last] = [beganAt - 1_000, beganAt + spans / 10 + 1_000];
      const timed = async (what: string, path: string, rows: string): Promise<number> => {
        const times: number[] = [];
        let found = 0;
        for (let n = 0; n < searches; n++) {
          const since = performance.now();
          const answer = (await ask(socket, `${path}&from=${first}&to=${last}`)) as Answer;
          times.push(performance.now() - since);
          found = answer[rows]?.length ?? 0;
        }
        log(`${what}   median ${median(times).toFixed(0)} ms, ${found} found`);
        return median(times);
      };
      const of = (query: string): string => `query=${encodeURIComponent(query)}&limit=100`;
      const list = await timed("traces, the newest 100", `/traces?${of("")}`, "traces");
      const failed = await timed("traces with an error", `/traces?${of("status:error")}`, "traces");
      const none = await timed("traces, no attribute", `/traces?${of("@order.id:o-7")}`, "traces");
      await timed("what differs", `/compare?${of("status:error")}`, "differences");

      for (const body of logBodies(lines, beganAt, seededRandom(3))) {
        const response = await fetch(`${server.address}/v1/logs`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body,
        });
        if (response.status !== 200)
          throw new Error(`${response.status}: ${await response.text()}`);
        await response.arrayBuffer();
      }
      const rare = await timed(`${lines} lines, a rare word`, `/logs?${of("o-199999")}`, "logs");
      const absent = await timed(
        `${lines} lines, no word`,
        `/logs?${of("nowhere-to-be-found")}`,
        "logs",
      );
      const { bytes } = (await ask(socket, "/stored")) as { bytes: number };
      log(`on the disk   ${(bytes / 1_000_000).toFixed(0)} MB`);
      return {
        ingest_spans_per_s: 1_000_000 / perSpan,
        trace_by_id_ms: worst,
        traces_newest_ms: list,
        traces_failed_ms: failed,
        traces_none_ms: none,
        logs_text_ms: Math.max(rare, absent),
      };
    } finally {
      // It does not listen to its input.
      process.kill(server.pid, "SIGTERM");
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
