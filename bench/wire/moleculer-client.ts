import { once } from "node:events";
import { createServer } from "node:net";
import { requirePeer } from "../harness/require-peer.ts";
import { clientArguments, measureRate, requestOf } from "./load.ts";

const { inFlight, seconds, address } = clientArguments();
const { ServiceBroker } = requirePeer("moleculer") as {
  ServiceBroker: new (options: object) => any;
};
// A name of its own: the server remembers those that it has met.
const nodeID = `client-${process.pid}`;
const probe = createServer().listen(0, "127.0.0.1");
await once(probe, "listening");
const { port } = probe.address() as { port: number };
probe.close();
const broker = new ServiceBroker({
  nodeID,
  logger: false,
  requestTimeout: 15_000,
  transporter: {
    type: "TCP",
    options: { udpDiscovery: false, port, urls: [address, `127.0.0.1:${port}/${nodeID}`] },
  },
});
await broker.start();
await broker.waitForServices("prices", 10_000, 20);
await measureRate((round) => broker.call("prices.quote", requestOf(round)), inFlight, seconds);
process.exit(0);
