// `npm run bench`: lists the benchmarks; `npm run bench -- NAME [--quick]` runs one. The last line it prints is
// `RESULT {…}`, for programs. What the figures must reach stands beside each benchmark in the docs.
import { flag, helpOf, readCommandLine } from "@kerf/testing/command-line";
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
  deploy: () => import("./deploy/bench.ts"),
  container: () => import("./container/bench.ts"),
  telemetry: () => import("./telemetry/bench.ts"),
};

const command = {
  name: "npm run bench --",
  about: "Measures one thing beside its peers; the last line that it prints is for programs.",
  argument: { name: "NAME", choices: await choices() },
  options: { quick: flag("a rough figure in less than 40 s") },
};
const { argument: name, values } = readCommandLine(command);
const load = name === undefined ? undefined : benchmarks[name];
if (load === undefined) console.log(helpOf(command));
else {
  const { default: benchmark } = await load();
  const log = (line: string): void => console.log(line);
  log(`${benchmark.name}: ${benchmark.about}\n`);
  if (benchmark.peers) await installPeers(log);
  const ratios = await benchmark.run({ quick: values.quick, log });
  const rounded = Object.fromEntries(
    Object.entries(ratios).map(([key, value]) => [key, Number(value.toPrecision(4))]),
  );
  log(`\nRESULT ${JSON.stringify({ bench: benchmark.name, ratios: rounded })}`);
}

/** What each benchmark measures; nothing when one is about to run, since all would have to be loaded for that. */
async function choices(): Promise<Record<string, string>> {
  const typed = process.argv.slice(2);
  const runs = typed.some((word) => Object.hasOwn(benchmarks, word)) && !typed.includes("--help");
  const all = Object.entries(benchmarks).map(async ([each, loaded]) => [
    each,
    runs ? "" : (await loaded()).default.about,
  ]);
  return Object.fromEntries(await Promise.all(all)) as Record<string, string>;
}
