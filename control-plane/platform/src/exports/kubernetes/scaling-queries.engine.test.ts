// What an autoscaler asks Prometheus for is there, under that name: real metrics of ours, a real Prometheus, the queries of the export.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { systemClock, systemRandom } from "@kerf/kernel";
import { engineCache, hasEngine } from "@kerf/events/testing";
import { openTracing, silentLogger } from "@kerf/telemetry";
import { exampleApp, exampleTags } from "../testing/example-app.ts";
import { kubernetesExport } from "./kubernetes-export.ts";

const program = "prometheus-3.5.0/prometheus";
const skip = hasEngine(program) ? false : `needs ${program}, which scripts/engines/setup brings`;
// It takes minutes to build, which no pipeline has.
if (skip !== false) console.log(`skipped: ${skip}`);

const folder = mkdtempSync(join(tmpdir(), "kerf-prometheus-"));
let prometheus: ChildProcess | undefined;
let url = "";

before(async () => {
  if (skip !== false) return;
  writeFileSync(join(folder, "prometheus.yml"), "{}\n");
  prometheus = spawn(
    join(engineCache, program),
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      "--web.listen-address=127.0.0.1:0",
      // As the guide says.
      "--web.enable-otlp-receiver",
      "--enable-feature=otlp-deltatocumulative",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const said: string[] = [];
  for await (const line of createInterface({ input: prometheus.stderr as Readable })) {
    said.push(line);
    const [, address] = /Listening on.*address=(127\.0\.0\.1:\d+)/.exec(line) ?? [];
    if (address === undefined) continue;
    url = `http://${address}`;
    break;
  }
  prometheus.stderr?.resume();
  assert.notEqual(url, "", said.join("\n"));
});

after(async () => {
  if (prometheus !== undefined && prometheus.exitCode === null) {
    prometheus.kill();
    await once(prometheus, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
});

test(
  "events that wait and calls in flight are counted by the queries of an export",
  { skip, timeout: 60_000 },
  async () => {
    const { programs } = kubernetesExport(
      { ...exampleApp, scale: { mail: { min: 1, max: 5, target: { lag: 100, inFlight: 10 } } } },
      {
        environment: "production",
        registry: "registry.example.com",
        tags: exampleTags,
        replicas: 2,
        namespace: "store",
        discovery: "dns",
        certificates: "mesh",
        postgres: "url",
        secrets: "existing",
        prometheus: url,
      },
    );
    const scaled = programs
      .flatMap(({ manifests }) => manifests)
      .find(({ object }) => object.kind === "ScaledObject")?.object as any;
    const queries = scaled.spec.triggers.map(({ metadata }: any) => metadata.query as string);
    assert.equal(queries.length, 2);

    const tracing = await openTracing(
      { otlp: { endpoint: `${url}/api/v1/otlp` } },
      {
        resource: { app: "store", environment: "production", instance: "mail-1", unit: "mail" },
        clock: systemClock,
        random: systemRandom,
        log: silentLogger,
      },
    );
    const lag = tracing.metrics?.histogram("kerf.event.lag", "mail", {
      "kerf.event.producer": "orders",
      "kerf.event.name": "placed",
    });
    const served = tracing.metrics?.histogram("kerf.server.duration", "mail", {
      "rpc.service": "mail",
      "rpc.method": "send",
      "kerf.caller": "orders",
    });
    // Of somebody else, who must not be counted.
    const other = tracing.metrics?.histogram("kerf.event.lag", "orders", {
      "kerf.event.producer": "mail",
      "kerf.event.name": "sent",
    });
    const ask = async (query: string): Promise<number> => {
      const answer = await fetch(
        `${url}/api/v1/query?${new URLSearchParams({ query }).toString()}`,
      );
      const { data, error } = (await answer.json()) as any;
      assert.ok(answer.ok, error);
      return Number(data.result[0]?.value[1] ?? 0);
    };
    // A rate needs two points: deliveries go on until it has them.
    const answers: number[] = queries.map(() => 0);
    while (answers.some((value) => !(value > 0))) {
      lag?.record(2_000);
      served?.record(500);
      other?.record(1_000_000);
      tracing.metrics?.flush();
      await sleep(200);
      for (const [index, query] of queries.entries()) answers[index] = await ask(query);
    }
    await tracing.stop();
    // Two seconds of waiting to half a second of work, as often.
    const [waiting = 0, working = 0] = answers;
    assert.ok(waiting / working > 2 && waiting / working < 8, `${waiting} and ${working}`);
  },
);
