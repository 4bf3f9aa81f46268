import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "../harness/benchmark.ts";
import { runChild } from "../harness/child.ts";
import { processCost } from "../start/process-cost.ts";
import { type ServerProcess, startServer } from "../wire/server-process.ts";

const file = (name: string): string => fileURLToPath(new URL(`../${name}.ts`, import.meta.url));
/** Connections that are opened at a time. */
const atATime = 100;
/** Between two looks at the memory, milliseconds. */
const lookMs = 20;

const benchmark: Benchmark = {
  name: "idle",
  about:
    "load that does nothing: resident memory of a gateway with 10,000 idle connections, and with a client that hardly reads 1 GB (needs openssl)",
  peers: false,
  async run({ quick, log }) {
    const connections = quick ? 2_000 : 10_000;
    const bytes = quick ? 200_000_000 : 1_000_000_000;
    const folder = await mkdtemp(join(tmpdir(), "kerf-bench-idle-"));
    const figures: Record<string, number> = {};
    const foreign = await startServer(file("idle/foreign-server"), [String(bytes)]);
    try {
      const tls = await makeCertificate(folder);
      for (const [name, settings] of Object.entries({ plain: {}, tls: { tls } })) {
        const gateway = await startServer(file("proxy/kerf-server"), [
          foreign.address,
          JSON.stringify(settings),
        ]);
        try {
          const before = (await processCost(gateway.pid)).rssMb;
          const after = await idle(gateway, connections);
          log(
            `${name.padEnd(6)} ${connections} idle connections, each after one answer: ${after.rssMb.toFixed(0)} MB resident (${before.toFixed(0)} MB without any), ${(after.cpuShare * 100).toFixed(1)} % of a CPU`,
          );
          figures[`rss_mb_${name}`] = after.rssMb;
          const slow = await slowReader(gateway, bytes);
          log(
            `${name.padEnd(6)} ${(bytes / 1e6).toFixed(0)} MB to a client that hardly reads: ${slow.stalledMb.toFixed(0)} MB more than before while it reads nothing, ${slow.peakMb.toFixed(0)} MB at the peak, garbage included`,
          );
          figures[`slow_reader_stalled_mb_${name}`] = slow.stalledMb;
          figures[`slow_reader_peak_mb_${name}`] = slow.peakMb;
        } finally {
          await gateway.stop();
        }
      }
      return figures;
    } finally {
      await foreign.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

export default benchmark;

async function makeCertificate(folder: string): Promise<{ certFile: string; keyFile: string }> {
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const what = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost";
  await runChild("openssl", [...what.split(" "), "-keyout", keyFile, "-out", certFile]);
  await runChild("chmod", ["600", keyFile]);
  return { certFile, keyFile };
}

/** Opens connections, asks once on each, and looks at the gateway while they do nothing. */
async function idle(
  { address, pid }: ServerProcess,
  connections: number,
): Promise<{ rssMb: number; cpuShare: number }> {
  const sockets: Socket[] = [];
  try {
    while (sockets.length < connections) {
      const wanted = Math.min(atATime, connections - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: wanted }, () => asked(address)))));
    }
    await sleep(2_000);
    const before = await processCost(pid);
    await sleep(3_000);
    const after = await processCost(pid);
    const gone = sockets.filter(({ destroyed }) => destroyed).length;
    if (gone > 0) throw new Error(`${gone} of ${connections} connections were closed meanwhile`);
    return { rssMb: after.rssMb, cpuShare: (after.cpuSeconds - before.cpuSeconds) / 3 };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** A connection that has had its answer. */
async function asked(address: string): Promise<Socket> {
  const { hostname, port, protocol } = new URL(address);
  const to = { host: hostname, port: Number(port) };
  const socket =
    protocol === "https:" ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
  await once(socket, protocol === "https:" ? "secureConnect" : "connect");
  socket.write("GET /small HTTP/1.1\r\nhost: x\r\n\r\n");
  let answer = "";
  while (!answer.endsWith("small")) answer += String((await once(socket, "data"))[0]);
  return socket;
}

/** Reads a large answer with long pauses; megabytes that the gateway held more than before. Over TLS in HTTP/2. */
async function slowReader(
  { address, pid }: ServerProcess,
  bytes: number,
): Promise<{ stalledMb: number; peakMb: number }> {
  // What loads with the first answer is not the answer's.
  (await asked(address)).destroy();
  const before = (await processCost(pid)).rssMb;
  let peak = before;
  let reading = true;
  const watch = (async () => {
    for (; reading; await sleep(lookMs)) peak = Math.max(peak, (await processCost(pid)).rssMb);
  })();
  const read = address.startsWith("https:") ? await openHttp2(address) : await openHttp1(address);
  await sleep(2_000);
  const stalledMb = peak - before;
  let received = 0;
  for await (const chunk of read.body) {
    const piece = chunk as Buffer;
    // A pause after each 8 MB.
    if (Math.floor(received / 8e6) !== Math.floor((received + piece.length) / 8e6)) await sleep(20);
    received += piece.length;
  }
  read.close();
  reading = false;
  await watch;
  if (received !== bytes) throw new Error(`${received} of ${bytes} bytes arrived`);
  return { stalledMb, peakMb: peak - before };
}

interface Reading {
  readonly body: AsyncIterable<unknown>;
  close(): void;
}

async function openHttp1(address: string): Promise<Reading> {
  const [body] = (await once(get(`${address}/large`, { agent: false }), "response")) as [
    IncomingMessage,
  ];
  return { body, close: () => void body.destroy() };
}

async function openHttp2(address: string): Promise<Reading> {
  const session = connectHttp2(address, { rejectUnauthorized: false });
  const body = session.request({ ":path": "/large" });
  await once(body, "response");
  return { body, close: () => session.destroy() };
}
