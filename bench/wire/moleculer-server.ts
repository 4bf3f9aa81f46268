import { createServer } from "node:net";
import { once } from "node:events";
import { requirePeer } from "../harness/require-peer.ts";
import { announce, type Quote } from "./load.ts";

const { ServiceBroker } = requirePeer("moleculer") as {
  ServiceBroker: new (options: object) => any;
};
const probe = createServer().listen(0, "127.0.0.1");
await once(probe, "listening");
const { port } = probe.address() as { port: number };
probe.close();

// The TCP transporter with static peers: no discovery by broadcast leaves this machine.
const broker = new ServiceBroker({
  nodeID: "server",
  logger: false,
  requestTimeout: 15_000,
  validator: true,
  transporter: {
    type: "TCP",
    options: { udpDiscovery: false, port, urls: [`127.0.0.1:${port}/server`] },
  },
});
broker.createService({
  name: "prices",
  actions: {
    quote: {
      params: {
        $$strict: "remove",
        id: "string",
        quantity: { type: "number", integer: true, min: 1 },
        tags: { type: "array", items: "string" },
      },
      handler: async (context: { params: { id: string; quantity: number } }): Promise<Quote> => ({
        id: context.params.id,
        total: context.params.quantity * 7900,
        currency: "EUR",
      }),
    },
  },
});
await broker.start();
announce(`127.0.0.1:${port}/server`);
