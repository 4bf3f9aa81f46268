import { fileURLToPath } from "node:url";
import type { Benchmark } from "../harness/benchmark.ts";
import { runScript } from "../harness/child.ts";
import { inTurns } from "../harness/pairs.ts";

const benchmark: Benchmark = {
  name: "call",
  about:
    "one awaited call inside the process, schemas, deadline and identity on; beside Moleculer with timeout and validation",
  peers: true,
  async run({ quick, log }) {
    const seconds = quick ? "1" : "2";
    const side = (name: string) => async (): Promise<number> =>
      (
        await runScript<{ ns: number }>(fileURLToPath(new URL(`./${name}.ts`, import.meta.url)), [
          seconds,
        ])
      ).ns;
    const pairs = quick ? 3 : 7;
    const moleculer = await inTurns(pairs, side("kerf"), side("moleculer"));
    const plain = await inTurns(pairs, side("kerf"), side("plain-async"));
    log(
      `kerf ${moleculer.ours.toFixed(0)} ns   Moleculer ${moleculer.peer.toFixed(0)} ns   ratio ${moleculer.ratio.toFixed(2)} (${moleculer.spread.map((each) => each.toFixed(2)).join("–")})`,
    );
    log(
      `plain async function with a context object ${plain.peer.toFixed(0)} ns, which validates nothing   ratio ${plain.ratio.toFixed(1)}`,
    );
    return { time_vs_moleculer: moleculer.ratio, time_vs_plain_async: plain.ratio };
  },
};

export default benchmark;
