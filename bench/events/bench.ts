import { fileURLToPath } from "node:url";
import type { Benchmark } from "../harness/benchmark.ts";
import { runScript } from "../harness/child.ts";
import { type Comparison, inTurns, median } from "../harness/pairs.ts";

const script = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));

const benchmark: Benchmark = {
  name: "events",
  about:
    "what emit costs a command, a log drained by its relay, and events handled end to end beside pg-boss and graphile-worker",
  peers: true,
  async run({ quick, log }) {
    const emit = await emitCost(quick ? [3, 0.5] : [9, 2]);
    log(
      `emit in a command   ${emit.ours.toFixed(2)} ms a command, ${emit.peer.toFixed(2)} ms without   costs ${((emit.ratio - 1) * 100).toFixed(0)} % (${emit.spread.map((each) => ((each - 1) * 100).toFixed(0)).join("–")})`,
    );
    const toNothing = await drained(quick ? [3, 60_000] : [7, 200_000], "null");
    log(`relay to a broker that does nothing   ${toNothing.toFixed(0)} events/s`);
    const pairs = quick ? 1 : 5;
    const count = quick ? "2000" : "10000";
    const handled = (side: string) => async (): Promise<number> =>
      (await runScript<{ perSecond: number }>(script(`handle-${side}`), [count])).perSecond;
    const boss = await inTurns(pairs, handled("kerf"), handled("pg-boss"));
    log(`handled end to end   ${rates("pg-boss", boss)}`);
    const graphile = await inTurns(pairs, handled("kerf"), handled("graphile"));
    log(`handled end to end   ${rates("graphile-worker", graphile)}`);
    return {
      emit_cost: emit.ratio - 1,
      drain_null_per_s: toNothing,
      vs_pgboss: boss.ratio,
      vs_graphile: graphile.ratio,
    };
  },
};

/** Milliseconds a command, with and without; the same process takes turns. */
async function emitCost(args: readonly number[]): Promise<Comparison> {
  const { emit, plain } = await runScript<{ emit: number[]; plain: number[] }>(
    script("emit"),
    args.map(String),
  );
  const turns = { emit: emit.values(), plain: plain.values() };
  const next = (side: IterableIterator<number>) => async () => side.next().value as number;
  return inTurns(emit.length, next(turns.emit), next(turns.plain));
}

async function drained(args: readonly number[], to: string): Promise<number> {
  const { perSecond } = await runScript<{ perSecond: number[] }>(script("drain"), [
    ...args.map(String),
    to,
  ]);
  return median(perSecond);
}

function rates(peer: string, { ours, peer: theirs, ratio, spread }: Comparison): string {
  return `kerf ${ours.toFixed(0)}/s   ${peer} ${theirs.toFixed(0)}/s   ratio ${ratio.toFixed(2)} (${spread.map((each) => each.toFixed(2)).join("–")})`;
}

export default benchmark;
