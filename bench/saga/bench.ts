import { fileURLToPath } from "node:url";
import type { Benchmark, Figures } from "../harness/benchmark.ts";
import { runScript } from "../harness/child.ts";
import { median } from "../harness/pairs.ts";
import { installPeers } from "../harness/peers.ts";
import { durablePeers } from "./durable-peers.ts";
import { startDurableServer } from "./durable-server.ts";
import type { SideOptions, SideResult } from "./measure.ts";
import { temporalCli } from "./temporal-cli.ts";

const benchmark: Benchmark = {
  name: "saga",
  about:
    "three durable steps that do nothing, 32 in flight and one after the other; beside DBOS on the same PostgreSQL",
  peers: true,
  async run({ quick, log }) {
    const seconds = quick ? 1 : 3;
    const pairs = quick ? 5 : 7;
    const server = await startDurableServer();
    const side = (name: string, connection: SideOptions["connection"]): Promise<SideResult> => {
      const options: SideOptions = { connection, seconds };
      const file = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
      return runScript<SideResult>(file, [], [], JSON.stringify(options));
    };
    /** An engine with a server and a store of its own; without a figure when it cannot be had here. */
    const beside = async (
      name: string,
      title: string,
      prepare: () => Promise<unknown>,
    ): Promise<Figures> => {
      try {
        await prepare();
        const ours: SideResult[] = [];
        const peer: SideResult[] = [];
        for (let pair = 0; pair < 5; pair += 1) {
          ours.push(await side("kerf", server.kerf));
          peer.push(await side(name, server.admin));
        }
        const rate = compare(ours, peer, ({ perSecond }) => perSecond);
        log(
          `32 in flight: kerf ${rate.ours.toFixed(0)}/s   ${title} ${rate.peer.toFixed(0)}/s   ratio ${rate.text}`,
        );
        return { [`c32_vs_${name}`]: rate.ratio };
      } catch (error) {
        log(`${title} is left out: ${error instanceof Error ? error.message : String(error)}`);
        return {};
      }
    };
    try {
      const ours: SideResult[] = [];
      const dbos: SideResult[] = [];
      for (let pair = 0; pair < pairs; pair += 1) {
        ours.push(await side("kerf", server.kerf));
        dbos.push(await side("dbos", server.admin));
      }
      const rate = compare(ours, dbos, ({ perSecond }) => perSecond);
      const time = compare(ours, dbos, ({ serialMs }) => serialMs);
      log(
        `32 in flight: kerf ${rate.ours.toFixed(0)}/s   DBOS ${rate.peer.toFixed(0)}/s   ratio ${rate.text}`,
      );
      log(
        `serial: kerf ${time.ours.toFixed(2)} ms   DBOS ${time.peer.toFixed(2)} ms   ratio ${time.text}`,
      );
      const figures = { c32_vs_dbos: rate.ratio, serial_time_vs_dbos: time.ratio };
      if (quick) return figures;
      const install = (): Promise<void> => installPeers(log, durablePeers);
      return {
        ...figures,
        ...(await beside("restate", "Restate", install)),
        ...(await beside("temporal", "Temporal", async () => {
          await install();
          await temporalCli(log);
        })),
      };
    } finally {
      await server.stop();
    }
  },
};

function compare(
  ours: readonly SideResult[],
  peer: readonly SideResult[],
  figure: (result: SideResult) => number,
): { ours: number; peer: number; ratio: number; text: string } {
  const ratios = ours.map((each, i) => figure(each) / figure(peer[i] as SideResult));
  const ratio = median(ratios);
  const spread = [Math.min(...ratios), Math.max(...ratios)]
    .map((each) => each.toFixed(2))
    .join("–");
  return {
    ours: median(ours.map(figure)),
    peer: median(peer.map(figure)),
    ratio,
    text: `${ratio.toFixed(2)} (${spread})`,
  };
}

export default benchmark;
