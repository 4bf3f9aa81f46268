import { fileURLToPath } from "node:url";
import type { Benchmark } from "../harness/benchmark.ts";
import { runScript } from "../harness/child.ts";
import { inTurns } from "../harness/pairs.ts";
import { makeEnvironment } from "./certificates.ts";
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
    const environment = await makeEnvironment();
    const secured = await startServer(file("kerf-server"), [environment.file]);
    servers.set("kerf with mutual TLS", secured);
    const rate = (name: string, inFlight: number) => async (): Promise<number> =>
      (
        await runScript<{ perSecond: number }>(file(`${name}-client`), [
          String(inFlight),
          seconds,
          servers.get(name)?.address ?? "",
        ])
      ).perSecond;
    const securedRate = async (): Promise<number> => {
      const args = ["64", seconds, secured.address, environment.file];
      return (await runScript<{ perSecond: number }>(file("kerf-client"), args)).perSecond;
    };
    async function costOfMutualTls(): Promise<number> {
      const { ours, peer: plain, ratio } = await inTurns(pairs, securedRate, rate("kerf", 64));
      log(
        ` 64 in flight   kerf with mutual TLS ${ours.toFixed(0)} calls/s   without ${plain.toFixed(0)} calls/s   cost ${((1 - ratio) * 100).toFixed(0)} %`,
      );
      return 1 - ratio;
    }
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
        // A share of the throughput: the bar is 0.35.
        mtls_cost: await costOfMutualTls(),
      };
    } finally {
      for (const server of servers.values()) await server.stop();
      await environment.remove();
    }
  },
};

export default benchmark;
