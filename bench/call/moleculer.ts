import { requirePeer } from "../harness/require-peer.ts";
import { basketOf, measureSerial } from "./measure.ts";

const { ServiceBroker } = requirePeer("moleculer") as {
  ServiceBroker: new (options: object) => any;
};

// As its documentation recommends for production: request timeout, validation of parameters, nothing else switched on.
const broker = new ServiceBroker({ logger: false, requestTimeout: 15_000, validator: true });
broker.createService({
  name: "prices",
  actions: {
    quote: {
      params: {
        $$strict: "remove",
        id: "string",
        quantity: { type: "number", integer: true, min: 1 },
        gift: "boolean",
      },
      handler: async (context: { params: { id: string; quantity: number } }) => ({
        id: context.params.id,
        total: context.params.quantity * 7900,
      }),
    },
  },
});
await broker.start();
await measureSerial(
  (round) => broker.call("prices.quote", basketOf(round)),
  Number(process.argv[2] ?? 2),
);
await broker.stop();
