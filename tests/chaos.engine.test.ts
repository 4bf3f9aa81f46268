import assert from "node:assert/strict";
import { test } from "node:test";
import { hasEngine, natsFile } from "@kerf/events/testing";
import { runChaos } from "./chaos/chaos.ts";
import { lacking } from "./engines.ts";

const nats = lacking({ [natsFile]: hasEngine(natsFile) });

for (const { engine, seed, skip } of [
  { engine: "embedded", seed: 1396, skip: false },
  { engine: "nats", seed: 5, skip: nats ?? false },
]) {
  const name = `the shop under faults of every kind loses nothing and does nothing twice (${engine})`;
  test(name, { skip }, async (t) => {
    const lines: string[] = [];
    const report = await runChaos(
      { minutes: 0.5, seed, engine, runtime: "process" },
      (line) => lines.push(line),
      t.signal,
    );
    assert.equal(report.failed, 0, lines.join("\n"));
    assert.ok(report.struck.length > 8, `${report.struck.length} faults`);
  });
}
