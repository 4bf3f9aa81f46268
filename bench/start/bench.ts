import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "../harness/benchmark.ts";
import { runChild } from "../harness/child.ts";
import { median } from "../harness/pairs.ts";
import { type ProcessCost, processCost } from "./process-cost.ts";
import { startShop, unitPids } from "./started-shop.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

const benchmark: Benchmark = {
  name: "start",
  about:
    "npm start to the first answered request, first start and later ones; memory and CPU of an idle unit",
  peers: false,
  async run({ quick, log }) {
    const rounds = quick ? 1 : 3;
    const homes: string[] = [];
    const placements = { monolith: ["--cut", "none"], split: ["--cut", "all"] };
    const figures: Record<string, number> = {};
    for (const [name, cut] of Object.entries(placements)) {
      const first: number[] = [];
      const later: number[] = [];
      for (let i = 0; i < rounds; i++) {
        const home = await mkdtemp(join(tmpdir(), "kerf-bench-start-"));
        homes.push(home);
        // A first start finds the workspace as its installation leaves it.
        await runChild(process.execPath, ["--conditions=kerf-source", "scripts/warm-up.ts"], {
          cwd: root,
          timeoutMs: 60_000,
        });
        for (const times of [first, later]) {
          const shop = await startShop(home, "npm", ["start", "--", ...cut]);
          times.push(shop.seconds);
          await shop.stop();
        }
      }
      log(
        `${name.padEnd(10)} first start ${median(first).toFixed(2)} s   later ${median(later).toFixed(2)} s   (median of ${rounds})`,
      );
      figures[`${name}_s`] = median(first);
      figures[`${name}_later_s`] = median(later);
    }
    // Only now: thousands of files that are being deleted slow down the disk that the next start writes to.
    for (const home of homes) await rm(home, { recursive: true, force: true });
    return { ...figures, ...(await idleUnits(quick ? 5 : 20, log)) };
  },
};

/** The most that any unit of the split shop holds and uses while nobody calls it, run from what `npm run build` made. */
async function idleUnits(
  seconds: number,
  log: (line: string) => void,
): Promise<{ idle_rss_mb: number; idle_cpu_pct: number }> {
  await runChild(process.execPath, ["--conditions=kerf-source", "scripts/build.ts"], {
    cwd: root,
    timeoutMs: 300_000,
  });
  const home = await mkdtemp(join(tmpdir(), "kerf-bench-idle-"));
  const shop = await startShop(home, process.execPath, [
    "tools/cli/dist/main.js",
    "dev",
    "--app",
    "examples/shop/app.ts",
    "--no-watch",
  ]);
  try {
    const units = await unitPids(home);
    // What the start itself left to be collected is not what an idle unit holds.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const before = new Map<string, ProcessCost>();
    for (const { unit, pid } of units) before.set(unit, await processCost(pid));
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    let rss = 0;
    let cpu = 0;
    for (const { unit, pid } of units) {
      const after = await processCost(pid);
      const percent = ((after.cpuSeconds - (before.get(unit)?.cpuSeconds ?? 0)) / seconds) * 100;
      log(
        `idle ${unit.padEnd(16)} ${after.rssMb.toFixed(0).padStart(4)} MB   ${percent.toFixed(2).padStart(5)} % of a core`,
      );
      rss = Math.max(rss, after.rssMb);
      cpu = Math.max(cpu, percent);
    }
    return { idle_rss_mb: rss, idle_cpu_pct: cpu };
  } finally {
    await shop.stop();
    await rm(home, { recursive: true, force: true });
  }
}

export default benchmark;
