import assert from "node:assert/strict";
import { after } from "node:test";
import { hasEngine, natsFile, startNats } from "@kerf/events/testing";
import { lacking } from "../engines.ts";
import { endToEnd } from "./end-to-end.ts";
import { eachApart } from "./placements.ts";
import { eventually, type RunningShop } from "./running-shop.ts";

interface Lag {
  readonly service: string;
  readonly producer: string;
  readonly events: number;
  readonly building: boolean;
  readonly read?: { readonly fromBroker: number; readonly fromLog: number };
  readonly log: {
    readonly relays: readonly { destination: string; owner: string | null; waiting: number }[];
  };
}

// The shop as it is, its events through NATS JetStream: the same must hold, and it must have been the broker that carried them.
if (lacking({ [natsFile]: hasEngine(natsFile) }) === undefined) {
  const nats = await startNats();
  after(() => nats.stop());
  endToEnd("its events through NATS", ["--broker", nats.url], eachApart, {
    "what notifications has read came through the broker": async (shop) => {
      const lag = await eventually("everything is read and published", async () => {
        const all = await lags(shop);
        return all.every(({ events, log }) => events === 0 && allPublished(log)) ? all : undefined;
      });
      const orders = lag.find(
        (one) => one.service === "notifications" && one.producer === "orders",
      );
      const read = orders?.read;
      assert.ok(read !== undefined && read.fromBroker > 0, JSON.stringify(orders));
      // The first ones may come before the relay has its lease, and are read where they are.
      assert.ok(read.fromLog <= 2 || read.fromBroker > 10 * read.fromLog, JSON.stringify(read));
      assert.deepEqual(
        orders?.log.relays.map(({ destination }) => destination),
        [`${nats.url}/kerf`],
      );
    },
  });
}

async function lags(shop: RunningShop): Promise<Lag[]> {
  const { code, stdout, stderr } = await shop.kerf("events", "lag", "--json");
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Lag[];
}

function allPublished({ relays }: Lag["log"]): boolean {
  return relays.every(({ waiting }) => waiting === 0);
}
