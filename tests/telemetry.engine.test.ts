// What other people's programs send arrives in the store: OpenTelemetry's SDKs for Node and Python over every protocol they have, and a Collector.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { lacking } from "./engines.ts";
import { startCollector } from "./telemetry/collector.ts";
import { startStore, type StoreProgram } from "./telemetry/store-program.ts";

// Versions stand in scripts/engines/opentelemetry too.
const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "kerf/engines");
const python = join(cache, "opentelemetry-python-1.45.2/bin/python");
const collector = join(cache, "otelcol-0.162.0/otelcol");
const fileOf = (name: string): string =>
  fileURLToPath(new URL(`./telemetry/${name}`, import.meta.url));
const run = promisify(execFile);
/** Longest that a client takes, milliseconds: what it cannot send it tries again, and ends after that. */
const clientMs = 40_000;

let store: StoreProgram;
before(async () => {
  store = await startStore();
});
after(() => store.stop());

interface Client {
  readonly command: readonly [file: string, ...args: readonly string[]];
  readonly variables: Readonly<Record<string, string>>;
}

const nodeClient = [process.execPath, "--conditions=kerf-source", fileOf("client.ts")] as const;
const everything = { OTEL_METRICS_EXPORTER: "otlp", OTEL_LOGS_EXPORTER: "otlp" };

async function send(service: string, { command, variables }: Client): Promise<void> {
  const [file, ...args] = command;
  const { stderr } = await run(file, args, {
    timeout: clientMs,
    env: { ...process.env, ...everything, OTEL_SERVICE_NAME: service, ...variables },
  });
  assert.doesNotMatch(stderr, /error|fail/i);
}

/** Everything that a client recorded is found again. */
async function assertArrived(service: string): Promise<void> {
  const of = (query: string): string =>
    `query=${encodeURIComponent(`service:${service} ${query}`)}`;
  const { traces } = (await store.ask(`/traces?${of("status:error @order.id:o-7")}`)) as {
    traces: { traceId: string; name: string; spans: number }[];
  };
  const [trace] = traces;
  assert.deepEqual([traces.length, trace?.name, trace?.spans], [1, "checkout", 2]);
  const { spans } = (await store.ask(`/trace/${trace?.traceId}`)) as {
    spans: {
      name: string;
      parentId?: string;
      spanId: string;
      message?: string;
      events: unknown[];
    }[];
  };
  const [checkout, charge] = ["checkout", "charge"].map((name) =>
    spans.find((span) => span.name === name),
  );
  assert.equal(charge?.parentId, checkout?.spanId);
  assert.deepEqual([charge?.message, charge?.events.length], ["declined", 1]);
  const { logs } = (await store.ask(`/logs?${of("level:warn code:declined")}`)) as {
    logs: { body: string; traceId?: string; spanId?: string }[];
  };
  assert.deepEqual(
    logs.map(({ body, spanId, traceId }) => [body, traceId, spanId]),
    [["the card was declined", trace?.traceId, charge?.spanId]],
  );
  const metric = async (name: string): Promise<Record<string, number> | undefined> => {
    const found = (await store.ask(`/metrics?name=${name}&by=method&${of("")}&step=900000`)) as {
      series: { points: Record<string, number>[] }[];
    };
    return found.series[0]?.points.at(-1);
  };
  assert.equal((await metric("charges"))?.["count"], 3);
  assert.equal((await metric("open"))?.["value"] ?? (await metric("open"))?.["count"], 2);
  const duration = await metric("charge.duration");
  assert.equal(duration?.["count"], 3);
  assert.ok(Math.abs((duration?.["sum"] ?? 0) - 4.05) < 1e-9);
  assert.ok((duration?.["p99"] ?? 0) > (duration?.["p50"] ?? 0));
}

const protocols = {
  "http/protobuf": () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: store.address }),
  "http/json": () => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: store.address,
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta",
  }),
  grpc: () => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: store.grpc,
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: "base2_exponential_bucket_histogram",
  }),
} as const;

for (const [protocol, variables] of Object.entries(protocols)) {
  test(`OpenTelemetry for Node over ${protocol}`, async () => {
    const service = `node-${protocol}`;
    const chosen = { OTEL_EXPORTER_OTLP_PROTOCOL: protocol, ...variables() };
    await send(service, { command: nodeClient, variables: chosen });
    await assertArrived(service);
  });
}

const withoutPython = lacking({ "OpenTelemetry for Python": existsSync(python) }) ?? false;
for (const [protocol, variables] of [
  ["http", protocols["http/protobuf"]],
  ["grpc", protocols.grpc],
] as const) {
  test(`OpenTelemetry for Python over ${protocol}`, { skip: withoutPython }, async () => {
    const service = `python-${protocol}`;
    const command = [python, fileOf("client.py"), protocol] as const;
    await send(service, {
      command,
      variables: { ...variables(), OTEL_EXPORTER_OTLP_INSECURE: "true" },
    });
    await assertArrived(service);
  });
}

const hasCollector = existsSync(collector);
const withoutCollector =
  process.env["CI"] === "true" && !hasCollector
    ? "a Collector takes minutes to build, which continuous integration does not"
    : (lacking({ "an OpenTelemetry Collector": hasCollector }) ?? false);
for (const exporter of ["otlp", "otlphttp"] as const) {
  test(`a Collector passes on as ${exporter}`, { skip: withoutCollector }, async (t) => {
    const service = `collector-${exporter}`;
    const between = await startCollector(
      collector,
      exporter,
      exporter === "otlp"
        ? { endpoint: store.grpc.replace("http://", ""), tls: { insecure: true } }
        : { endpoint: store.address },
    );
    t.after(() => between.stop());
    const variables = {
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_ENDPOINT: between.address,
    };
    await send(service, { command: nodeClient, variables });
    // What it still has it passes on before it ends.
    await between.stop();
    await assertArrived(service);
  });
}
