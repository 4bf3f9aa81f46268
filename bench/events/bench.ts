import { fileURLToPath } from "node:url";
import type { Benchmark } from "../harness/benchmark.ts";
import { runScript } from "../harness/child.ts";
import { median } from "../harness/pairs.ts";
import { drained } from "./drained.ts";
import { benchPostgres } from "../harness/postgres.ts";

const benchmark: Benchmark = {
  name: "events",
  about:
    "what an event costs its command, a relay's drain, and a handler that writes one row for each beside pg-boss and graphile-worker, fsync on",
  peers: true,
  async run({ quick, log }) {
    await using postgres = await benchPostgres();
    const script = <T>(name: string, ...args: string[]): Promise<T> =>
      runScript<T>(fileURLToPath(new URL(`./${name}.ts`, import.meta.url)), [
        postgres.connectionFile,
        ...args,
      ]);
    const pairs = quick ? 3 : 5;

    const { plain, emitting } = await script<{ plain: number[]; emitting: number[] }>(
      "kerf-emit",
      quick ? "6" : "40",
    );
    const costs = plain.map((rate, i) => rate / (emitting[i] as number) - 1);
    log(
      `a transaction without an event ${median(plain).toFixed(0)}/s, with one ${median(emitting).toFixed(0)}/s: ${(100 * median(costs)).toFixed(0)} % more time`,
    );

    const drains = await drained(postgres.connectionFile, quick, log);

    const count = quick ? "5000" : "20000";
    const ratios: Record<"pgboss" | "graphile", number[]> = { pgboss: [], graphile: [] };
    for (let i = 0; i < pairs; i += 1) {
      for (const peer of ["pgboss", "graphile"] as const) {
        const ours = await script<{ perSecond: number }>("kerf-consume", count);
        const theirs = await script<{ perSecond: number }>(peer, count);
        ratios[peer].push(ours.perSecond / theirs.perSecond);
        log(
          `kerf ${ours.perSecond.toFixed(0).padStart(6)} events/s   ${peer} ${theirs.perSecond.toFixed(0).padStart(6)}/s`,
        );
      }
    }
    return {
      emit_cost: median(costs),
      ...drains,
      vs_pgboss: median(ratios.pgboss),
      vs_graphile: median(ratios.graphile),
    };
  },
};

export default benchmark;
