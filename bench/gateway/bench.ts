import { fileURLToPath } from "node:url";
import type { Benchmark } from "../harness/benchmark.ts";
import { runChild } from "../harness/child.ts";
import { inTurns } from "../harness/pairs.ts";
import { cpuSeconds, startNginx } from "../proxy/nginx.ts";
import { type ServerProcess, startServer } from "../wire/server-process.ts";
import { makeEnvironment } from "./environment.ts";

const file = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));

/** One side: where clients ask, and the processes on their way. */
interface Way {
  readonly front: ServerProcess;
  readonly behind: ServerProcess;
}

/** Requests a second, and microseconds of CPU for each, of the process in front and of the one behind. */
interface Load {
  readonly perSecond: number;
  readonly frontUs: number;
  readonly behindUs: number;
}

const benchmark: Benchmark = {
  name: "gateway",
  about:
    "64 connections through a gateway to a service, with JWT, rate limit, validation and 1 % traces; beside nginx in front of the same handler on node:http (needs nginx and wrk)",
  peers: false,
  async run({ quick, log }) {
    const pairs = quick ? 2 : 5;
    const seconds = quick ? 3 : 4;
    const sink = await startServer(file("../tracing/sink"));
    const environment = await makeEnvironment(sink.address);
    const service = await startServer(file("service-server"), [environment.service]);
    const gateway = await startServer(file("gateway-server"), [environment.boot]);
    const node = await startServer(file("node-server"));
    const nginx = await startNginx(node.address, { method: "POST", body: '{"quantity":1}' });
    const kerf: Way = { front: gateway, behind: service };
    const peer: Way = { front: nginx, behind: node };
    const last = new Map<Way, Load>();
    const rate = (way: Way) => async (): Promise<number> => {
      const load = await measure(way, environment.script, seconds);
      last.set(way, load);
      return load.perSecond;
    };
    try {
      // Until the compiler has seen enough of each, and every user's token was verified once.
      for (const way of [kerf, peer])
        await measure(way, environment.script, quick ? (way === kerf ? 8 : 3) : 10);
      const { ours, peer: theirs, ratio, spread } = await inTurns(pairs, rate(kerf), rate(peer));
      log(
        `throughput       kerf ${ours.toFixed(0)} requests/s   nginx + node:http ${theirs.toFixed(0)}   ratio ${ratio.toFixed(2)} (${spread.map((one) => one.toFixed(2)).join(" to ")})`,
      );
      const [a, b] = [last.get(kerf) as Load, last.get(peer) as Load];
      log(
        `CPU per request  gateway ${a.frontUs.toFixed(1)} µs + service ${a.behindUs.toFixed(1)} µs   nginx ${b.frontUs.toFixed(1)} µs + node:http ${b.behindUs.toFixed(1)} µs`,
      );
      log(
        "Ours also verifies who asks (1,000 RS256 tokens in turn, remembered for a minute), counts each user's requests, checks the request and the answer against their\nschemas, proves the user to the service, traces one request in a hundred and bounds every call; nginx passes bytes on, and its handler checks nothing.",
      );
      return {
        vs_nginx_node: ratio,
        cpu_vs_nginx_node: (a.frontUs + a.behindUs) / (b.frontUs + b.behindUs),
      };
    } finally {
      for (const server of [nginx, node, gateway, service, sink]) await server.stop();
      await environment.remove();
    }
  },
};

async function measure({ front, behind }: Way, script: string, seconds: number): Promise<Load> {
  const before = [await cpuSeconds(front.pid), await cpuSeconds(behind.pid)] as const;
  const { stdout } = await runChild("wrk", [
    "-t1",
    "-c64",
    `-d${seconds}s`,
    "-s",
    script,
    front.address,
  ]);
  const after = [await cpuSeconds(front.pid), await cpuSeconds(behind.pid)] as const;
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`Requests failed:\n${stdout}`);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    frontUs: ((after[0] - before[0]) * 1e6) / requests,
    behindUs: ((after[1] - before[1]) * 1e6) / requests,
  };
}

export default benchmark;
