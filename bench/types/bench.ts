import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "../harness/benchmark.ts";
import { runChild } from "../harness/child.ts";
import { inTurns } from "../harness/pairs.ts";
import { peersFolder } from "../harness/peers.ts";
import { operationsEach, writeApp } from "./generated-app.ts";
import { kerfDialect } from "./kerf-dialect.ts";
import { orpcDialect } from "./orpc-dialect.ts";

const workspace = fileURLToPath(new URL("../../", import.meta.url));

const benchmark: Benchmark = {
  name: "types",
  about: "tsc over an app of 1,000 operations with handlers and clients; beside oRPC",
  peers: true,
  async run({ quick, log }) {
    const folder = await mkdtemp(join(tmpdir(), "kerf-bench-types-"));
    const tsc = join(
      dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
      "bin/tsc",
    );
    // Both sides as published: JavaScript and declarations.
    await runChild(process.execPath, ["--conditions=kerf-source", "scripts/build.ts"], {
      cwd: workspace,
    });
    const size = quick ? 10 : 50;
    await writeApp(join(folder, "kerf"), kerfDialect, join(workspace, "node_modules"), size);
    await writeApp(join(folder, "orpc"), orpcDialect, join(peersFolder, "node_modules"), size);
    const check = (name: string) => async (): Promise<number> =>
      (await runChild(process.execPath, [tsc, "-p", join(folder, name)])).ms;
    await check("kerf")();
    await check("orpc")();
    const { ours, peer, ratio, spread } = await inTurns(
      quick ? 3 : 5,
      check("kerf"),
      check("orpc"),
    );
    await rm(folder, { recursive: true, force: true });
    log(
      `tsc, ${size * operationsEach} operations   kerf ${ours.toFixed(0)} ms   oRPC ${peer.toFixed(0)} ms   ratio ${ratio.toFixed(2)} (${spread.map((each) => each.toFixed(2)).join("–")})`,
    );
    return { time_vs_orpc: ratio };
  },
};

export default benchmark;
