// What the gateway under test sends requests to, as a program: the service `feed` at a socket, and two foreign HTTP servers that are one upstream.
// `node backends.ts SOCKET PRINCIPAL-KEY`; prints the URLs of the servers as one line of JSON, and ends when its stdin does.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Inbound, listenFramed, PrincipalVerifier, type PublicKey } from "@kerf/call";
import { systemClock, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { feed } from "./contract.ts";
import { app, environment } from "./names.ts";

/** Pause between two items of a stream, milliseconds. */
const itemMs = 50;

const [socket = "", key = "{}"] = process.argv.slice(2);
const clock = systemClock;
const wheel = new TimerWheel(clock);
const log = silentLogger;
const dispatcher = new Inbound({
  services: [
    {
      contract: feed,
      operations: {
        latest: { run: ({ context }) => ({ subject: context.principal?.subject ?? "" }) },
        follow: {
          async *run({ after, context }) {
            for (let n = Number(after ?? 0) + 1; !context.signal.aborted; n++) {
              yield { n };
              await sleep(itemMs);
            }
          },
        },
      },
    },
  ],
  clock,
  wheel,
  log,
  checked: false,
  mayCall: () => true,
  principals: new PrincipalVerifier(() => [JSON.parse(key) as PublicKey], { environment, clock }),
});
const server = await listenFramed(`unix:${socket}`, {
  dispatcher,
  clock,
  wheel,
  log,
  instance: app,
});

const foreign = [createServer(), createServer()];
const urls = foreign.map(async (one) => {
  one.on("request", async (request, response) => {
    let bytes = 0;
    try {
      for await (const chunk of request) bytes += (chunk as Buffer).length;
    } catch {
      // The client left: there is nobody to answer.
      return;
    }
    response.setHeader("content-type", "application/json").end(JSON.stringify({ bytes }));
  });
  one.listen(0, "127.0.0.1");
  await once(one, "listening");
  return `http://127.0.0.1:${(one.address() as AddressInfo).port}`;
});
console.log(JSON.stringify(await Promise.all(urls)));

process.stdin.resume();
await once(process.stdin, "end");
for (const one of foreign) {
  one.close();
  one.closeAllConnections();
}
await server.close();
process.exit(0);
