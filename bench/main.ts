// `npm run bench`: lists the benchmarks; `npm run bench -- NAME [--quick]` runs one. The last line it prints is
// `RESULT {…}`, for programs. What the figures must reach stands beside each benchmark in the docs.
import type { Benchmark } from "./harness/benchmark.ts";
import { installPeers } from "./harness/peers.ts";

const benchmarks: Readonly<Record<string, () => Promise<{ default: Benchmark }>>> = {
  call: () => import("./call/bench.ts"),
  wire: () => import("./wire/bench.ts"),
  tracing: () => import("./tracing/bench.ts"),
  gateway: () => import("./gateway/bench.ts"),
  proxy: () => import("./proxy/bench.ts"),
  types: () => import("./types/bench.ts"),
  start: () => import("./start/bench.ts"),
  saga: () => import("./saga/bench.ts"),
  events: () => import("./events/bench.ts"),
  recover: () => import("./recover/bench.ts"),
  idle: () => import("./idle/bench.ts"),
};

const [name, ...flags] = process.argv.slice(2);
const load = name === undefined ? undefined : benchmarks[name];
if (load === undefined) {
  if (name !== undefined) console.error(`There is no benchmark "${name}".\n`);
  console.log("npm run bench -- NAME [--quick]\n");
  for (const each of Object.values(benchmarks)) {
    const { default: benchmark } = await each();
    console.log(`  ${benchmark.name.padEnd(10)} ${benchmark.about}`);
  }
  process.exitCode = name === undefined ? 0 : 2;
} else {
  const { default: benchmark } = await load();
  const log = (line: string): void => console.log(line);
  log(`${benchmark.name}: ${benchmark.about}\n`);
  if (benchmark.peers) await installPeers(log);
  const ratios = await benchmark.run({ quick: flags.includes("--quick"), log });
  const rounded = Object.fromEntries(
    Object.entries(ratios).map(([key, value]) => [key, Number(value.toPrecision(4))]),
  );
  log(`\nRESULT ${JSON.stringify({ bench: benchmark.name, ratios: rounded })}`);
}
