import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Benchmark } from "../harness/benchmark.ts";
import { median } from "../harness/pairs.ts";
import { startShop, unitPids } from "../start/started-shop.ts";
import { copyOfShop } from "./copy-of-shop.ts";
import { Probe } from "./probe.ts";

/** Public paths, each with the unit that answers it. */
const paths: Readonly<Record<string, string>> = {
  catalog: "/products?limit=1",
  inventory: "/inventory/rule-steel",
  search: "/search?q=saw",
};

const benchmark: Benchmark = {
  name: "recover",
  about:
    "kill -9 of a unit under load, then a change of its source: how long until it answers, and what others noticed",
  peers: false,
  async run({ quick, log }) {
    const rounds = quick ? 1 : 5;
    const home = await mkdtemp(join(tmpdir(), "kerf-bench-recover-"));
    const source = await copyOfShop();
    const shop = await startShop(home, process.execPath, [
      "--conditions=kerf-source",
      "tools/cli/src/main.ts",
      "dev",
      "--app",
      source.app,
    ]);
    const probes = Object.entries(paths).map(([unit, path]) => new Probe(unit, shop.url + path));
    try {
      const back: number[] = [];
      const reloads: number[] = [];
      for (let round = 0; round < rounds; round++) {
        for (const unit of Object.keys(paths)) back.push(await killed(unit, home, probes));
      }
      for (const probe of probes) await probe.stop();
      for (let round = 0; round < rounds; round++) {
        reloads.push(await changed(source.file("catalog/service.ts"), round, shop.url));
      }
      const bystanders = probes.reduce((sum, probe) => sum + probe.failedAsBystander, 0);
      log(
        `back after kill -9   median ${median(back).toFixed(0)} ms   worst ${Math.max(...back).toFixed(0)} ms   (${back.length} kills)`,
      );
      log(`failed requests of units that were not killed   ${bystanders}`);
      log(
        `new code after a change   median ${median(reloads).toFixed(0)} ms   worst ${Math.max(...reloads).toFixed(0)} ms`,
      );
      return {
        back_s: Math.max(...back) / 1_000,
        bystanders_failed: bystanders,
        reload_s: median(reloads) / 1_000,
      };
    } finally {
      for (const probe of probes) await probe.stop();
      await shop.stop();
      await rm(home, { recursive: true, force: true });
      await source.remove();
    }
  },
};

/** Kills the unit's process; milliseconds until its path answered 200 again. */
async function killed(unit: string, home: string, probes: readonly Probe[]): Promise<number> {
  const pid = (await unitPids(home)).find((each) => each.unit === unit)?.pid;
  if (pid === undefined) throw new Error(`no process of ${unit}`);
  for (const probe of probes) probe.victim = probe.unit === unit;
  const probe = probes.find((each) => each.unit === unit) as Probe;
  const since = performance.now();
  process.kill(pid, "SIGKILL");
  await probe.failure();
  await probe.success();
  const ms = performance.now() - since;
  for (const each of probes) each.victim = false;
  return ms;
}

/** Saves another version of the source; milliseconds until the gateway answers with it. */
async function changed(file: string, round: number, url: string): Promise<number> {
  const text = await readFile(file, "utf8");
  const since = performance.now();
  await writeFile(
    file,
    text.replace(/name: (row\.name|`[^`]*`),/, `name: \`\${row.name} ${round}\`,`),
  );
  for (;;) {
    const response = await fetch(`${url}/products/saw-dovetail`);
    const { name } = (await response.json()) as { name?: string };
    if (name === `Dovetail saw ${round}`) return performance.now() - since;
    if (performance.now() - since > 30_000)
      throw new Error("the change did not arrive within 30 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export default benchmark;
