import { fileURLToPath } from "node:url";
import type { Benchmark } from "../harness/benchmark.ts";
import { runScript } from "../harness/child.ts";
import { median } from "../harness/pairs.ts";
import { benchPostgres } from "../harness/postgres.ts";
import type { SagaFigures } from "./measure.ts";

const benchmark: Benchmark = {
  name: "saga",
  about:
    "three steps that do nothing, each durable, started in a transaction; beside DBOS on the same PostgreSQL, fsync on",
  peers: true,
  async run({ quick, log }) {
    await using postgres = await benchPostgres();
    const side = (name: string): Promise<SagaFigures> =>
      runScript<SagaFigures>(fileURLToPath(new URL(`./${name}.ts`, import.meta.url)), [
        postgres.connectionFile,
        quick ? "1" : "3",
      ]);
    const ours: SagaFigures[] = [];
    const peer: SagaFigures[] = [];
    for (let i = 0; i < (quick ? 3 : 7); i += 1) {
      ours.push(await side("kerf"));
      peer.push(await side("dbos"));
      log(`${line("kerf", ours.at(-1))}   ${line("DBOS", peer.at(-1))}`);
    }
    const ratios = (figure: keyof SagaFigures): number[] =>
      ours.map((each, i) => each[figure] / (peer[i] as SagaFigures)[figure]);
    const [rates, times] = [ratios("perSecond"), ratios("serialMs")];
    log(`32 in flight: ${median(rates).toFixed(1)} × DBOS (${spread(rates)})`);
    log(`one at a time: ${median(times).toFixed(2)} × DBOS's time (${spread(times)})`);
    return { c32_vs_dbos: median(rates), serial_time_vs_dbos: median(times) };
  },
};

function line(name: string, figures: SagaFigures | undefined): string {
  return `${name} ${figures?.perSecond.toFixed(0).padStart(5)}/s ${figures?.serialMs.toFixed(1).padStart(5)} ms`;
}

function spread(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`;
}

export default benchmark;
