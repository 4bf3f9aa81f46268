import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "../harness/benchmark.ts";
import { runChild } from "../harness/child.ts";
import { inTurns } from "../harness/pairs.ts";
import { cpuSeconds, familyOf, startNginx } from "../proxy/nginx.ts";
import { type ServerProcess, startServer } from "../wire/server-process.ts";
import { makeEnvironment } from "./environment.ts";

const file = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));

/** Copies of our gateway: a core each, and no more than it takes to be beside a service with one of its own. */
const copies = Math.min(2, availableParallelism());

/** One side: where clients ask, and the processes on their way. */
interface Way {
  readonly address: string;
  readonly front: readonly number[];
  readonly behind: readonly number[];
}

/** Requests a second, and microseconds of CPU for each, of the processes in front and of those behind. */
interface Load {
  readonly perSecond: number;
  readonly frontUs: number;
  readonly behindUs: number;
}

const benchmark: Benchmark = {
  name: "gateway",
  about:
    "64 connections through a gateway to a service, with JWT, rate limit, validation and 1 % traces; beside nginx in front of the same handler on node:http, both with a process for each of two cores (needs nginx and wrk)",
  peers: false,
  async run({ quick, log }) {
    const pairs = quick ? 2 : 5;
    const seconds = quick ? 3 : 4;
    const started: ServerProcess[] = [];
    const start = async (server: Promise<ServerProcess>): Promise<ServerProcess> => {
      started.unshift(await server);
      return started[0] as ServerProcess;
    };
    const sink = await start(startServer(file("../tracing/sink")));
    const environment = await makeEnvironment(sink.address);
    try {
      const service = await start(startServer(file("service-server"), [environment.service]));
      const gateway = (copy: string, port = "0"): Promise<ServerProcess> =>
        start(startServer(file("gateway-server"), [environment.boot, copy, port]));
      const alone = await gateway("alone");
      const first = await gateway("1");
      const others = await Promise.all(
        Array.from({ length: copies - 1 }, (_, n) =>
          gateway(String(n + 2), new URL(first.address).port),
        ),
      );
      const node = await start(startServer(file("node-server")));
      const probe = { method: "POST", body: '{"quantity":1}' };
      const nginx = await start(startNginx(node.address, probe, "auto"));
      const behind = [service.pid];
      const kerf = {
        address: first.address,
        front: [first, ...others].map(({ pid }) => pid),
        behind,
      };
      const single = { address: alone.address, front: [alone.pid], behind };
      const peer = { address: nginx.address, front: await familyOf(nginx.pid), behind: [node.pid] };
      const last = new Map<Way, Load>();
      const rate = (way: Way) => async (): Promise<number> => {
        const load = await measure(way, environment.script, seconds);
        last.set(way, load);
        return load.perSecond;
      };
      // Until the compiler has seen enough of each, and every user's token was verified once.
      for (const way of [kerf, single, peer])
        await measure(way, environment.script, quick ? (way === kerf ? 8 : 3) : 10);
      const { ours, peer: theirs, ratio, spread } = await inTurns(pairs, rate(kerf), rate(peer));
      const one = await rate(single)();
      log(
        `throughput       kerf ${ours.toFixed(0)} requests/s   nginx + node:http ${theirs.toFixed(0)}   ratio ${ratio.toFixed(2)} (${spread.map((each) => each.toFixed(2)).join(" to ")})   kerf with one copy, once: ${one.toFixed(0)}`,
      );
      const [a, b, c] = [last.get(kerf) as Load, last.get(peer) as Load, last.get(single) as Load];
      log(
        `CPU per request  gateway ${a.frontUs.toFixed(1)} µs + service ${a.behindUs.toFixed(1)} µs   nginx ${b.frontUs.toFixed(1)} µs + node:http ${b.behindUs.toFixed(1)} µs   one copy ${c.frontUs.toFixed(1)} µs + ${c.behindUs.toFixed(1)} µs`,
      );
      log(
        `processes        gateway ${kerf.front.length} + service 1   nginx ${peer.front.length - 1} workers + node:http 1   on ${availableParallelism()} cores, which the client has to share`,
      );
      log(
        "Ours also verifies who asks (1,000 RS256 tokens in turn, remembered for a minute), counts each user's requests, checks the request and the answer against their\nschemas, proves the user to the service, traces one request in a hundred and bounds every call; nginx passes bytes on, and its handler checks nothing.",
      );
      return {
        vs_nginx_node: ratio,
        cpu_vs_nginx_node: (a.frontUs + a.behindUs) / (b.frontUs + b.behindUs),
      };
    } finally {
      for (const server of started) await server.stop();
      await environment.remove();
    }
  },
};

async function measure({ address, behind, front }: Way, script: string, s: number): Promise<Load> {
  const before = [await cpuOf(front), await cpuOf(behind)] as const;
  const { stdout } = await runChild("wrk", ["-t1", "-c64", `-d${s}s`, "-s", script, address]);
  const after = [await cpuOf(front), await cpuOf(behind)] as const;
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`Requests failed:\n${stdout}`);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    frontUs: ((after[0] - before[0]) * 1e6) / requests,
    behindUs: ((after[1] - before[1]) * 1e6) / requests,
  };
}

async function cpuOf(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(pids.map(cpuSeconds));
  return each.reduce((sum, seconds) => sum + seconds, 0);
}

export default benchmark;
