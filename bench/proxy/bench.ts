import { fileURLToPath } from "node:url";
import type { Benchmark } from "../harness/benchmark.ts";
import { runChild } from "../harness/child.ts";
import { inTurns } from "../harness/pairs.ts";
import { type ServerProcess, startServer } from "../wire/server-process.ts";
import { cpuSeconds, startNginx } from "./nginx.ts";

const file = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));

/** Requests a second, and microseconds of CPU of the proxy's process for each. */
interface Load {
  readonly perSecond: number;
  readonly cpuUs: number;
}

const benchmark: Benchmark = {
  name: "proxy",
  about:
    "64 connections through a gateway to a foreign program on node:http; beside @fastify/http-proxy and nginx (needs nginx and wrk)",
  peers: true,
  async run({ quick, log }) {
    const pairs = quick ? 1 : 5;
    const seconds = quick ? 2 : 4;
    const foreign = await startServer(file("foreign-server"));
    const kerf = await startServer(file("kerf-server"), [foreign.address]);
    const fastify = await startServer(file("fastify-server"), [foreign.address]);
    const nginx = await startNginx(foreign.address);
    const load = (server: ServerProcess) => (): Promise<Load> => measure(server, seconds);
    const rate = (server: ServerProcess) => async () => (await load(server)()).perSecond;
    const cpu = (server: ServerProcess) => async () => (await load(server)()).cpuUs;
    try {
      for (const server of [kerf, fastify, nginx]) await measure(server, quick ? 1 : 3);
      const a = await inTurns(pairs, rate(kerf), rate(fastify));
      log(
        `throughput       kerf ${a.ours.toFixed(0)} requests/s   @fastify/http-proxy ${a.peer.toFixed(0)}   ratio ${a.ratio.toFixed(2)}`,
      );
      const b = await inTurns(pairs, cpu(kerf), cpu(nginx));
      log(
        `CPU per request  kerf ${b.ours.toFixed(1)} µs   nginx ${b.peer.toFixed(1)} µs   ratio ${b.ratio.toFixed(2)}`,
      );
      log(
        `CPU per request  @fastify/http-proxy ${(await measure(fastify, seconds)).cpuUs.toFixed(1)} µs`,
      );
      const direct = await measure(foreign, seconds);
      log(`the foreign program alone: ${direct.perSecond.toFixed(0)} requests/s`);
      log(
        "Ours also matches routes, continues the trace, balances, counts for its breaker and bounds every request.",
      );
      return { cpu_vs_nginx: b.ratio, vs_fastify_http_proxy: a.ratio };
    } finally {
      for (const server of [nginx, fastify, kerf, foreign]) await server.stop();
    }
  },
};

async function measure({ address, pid }: ServerProcess, seconds: number): Promise<Load> {
  const before = await cpuSeconds(pid);
  const { stdout } = await runChild("wrk", [
    "-t1",
    "-c64",
    `-d${seconds}s`,
    `${address}/shop/cart?id=7`,
  ]);
  const used = (await cpuSeconds(pid)) - before;
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`Requests failed:\n${stdout}`);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  return { perSecond, cpuUs: (used * 1e6) / requests };
}

export default benchmark;
