import { fileURLToPath } from "node:url";
import type { Benchmark } from "../harness/benchmark.ts";
import { runScript } from "../harness/child.ts";
import { inTurns } from "../harness/pairs.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const file = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));

const benchmark: Benchmark = {
  name: "wire",
  about:
    "calls over TCP, schemas on both of our sides; beside Moleculer TCP, Nest TCP, grpc-js and a bare framed echo",
  peers: true,
  async run({ quick, log }) {
    const pairs = quick ? 1 : 5;
    const seconds = quick ? "1" : "3";
    const servers = new Map<string, ServerProcess>();
    for (const name of ["kerf", "moleculer", "nest", "grpc", "echo"])
      servers.set(name, await startServer(file(`${name}-server`)));
    const rate = (name: string, inFlight: number) => async (): Promise<number> =>
      (
        await runScript<{ perSecond: number }>(file(`${name}-client`), [
          String(inFlight),
          seconds,
          servers.get(name)?.address ?? "",
        ])
      ).perSecond;
    async function beside(peer: string, inFlight: number): Promise<number> {
      const {
        ours,
        peer: theirs,
        ratio,
      } = await inTurns(pairs, rate("kerf", inFlight), rate(peer, inFlight));
      log(
        `${String(inFlight).padStart(3)} in flight   kerf ${ours.toFixed(0).padStart(7)} calls/s   ${peer.padEnd(9)} ${theirs.toFixed(0).padStart(7)} calls/s   ratio ${ratio.toFixed(2)}`,
      );
      return ratio;
    }
    try {
      // One in flight is said as time: the inverse of the rate.
      return {
        c1_time_vs_moleculer: 1 / (await beside("moleculer", 1)),
        c1_time_vs_echo: 1 / (await beside("echo", 1)),
        c64_vs_moleculer: await beside("moleculer", 64),
        c64_vs_nest: await beside("nest", 64),
        c64_vs_grpc: await beside("grpc", 64),
      };
    } finally {
      for (const server of servers.values()) await server.stop();
    }
  },
};

export default benchmark;
