import type { TestContext } from "node:test";
import { ManualClock, seededRandom } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import {
  type DiscoveryEndpoint,
  discoveryConformance,
  firstPlaces,
} from "@kerf/testing/conformance";
import type { PlacedInstance } from "../placement.ts";
import { signSnapshot } from "../snapshot/signature.ts";
import { SnapshotStore } from "../snapshot/store.ts";
import { keyPair, snapshotOf } from "../testing/keys.ts";
import { DnsDiscovery, type DnsName } from "./dns.ts";
import { systemResolver } from "./dns-resolver.ts";
import { PlacedDiscovery } from "./placed.ts";
import { SnapshotDiscovery } from "./snapshot.ts";
import { StaticDiscovery } from "./static.ts";
import { DnsServer } from "./testing/dns-server.ts";
import { sliceOf, watching } from "./testing/kubernetes.ts";

const addressOf = ({ host, port }: DiscoveryEndpoint): string => `tcp:${host}:${port}`;

discoveryConformance("static", {
  records: false,
  setup: async () => ({ discovery: new StaticDiscovery({ shelf: firstPlaces.map(addressOf) }) }),
});

discoveryConformance("snapshot", {
  records: true,
  setup: async () => {
    const { publicKey, privateKey } = keyPair();
    const store = new SnapshotStore({ publicKey, log: silentLogger });
    let generation = 0;
    const place = async (endpoints: readonly DiscoveryEndpoint[]): Promise<void> => {
      const instances = endpoints.map((endpoint): PlacedInstance => {
        const address = addressOf(endpoint);
        return { id: address, address, state: "ready" };
      });
      const shelf = { unit: "main", version: "1.0.0", uses: [], recordsCommands: true };
      const more = { services: { shelf }, units: { main: { instances } } };
      store.accept(signSnapshot(snapshotOf(1, ++generation, more), privateKey));
    };
    await place(firstPlaces);
    return { discovery: new SnapshotDiscovery(store), place };
  },
});

discoveryConformance("snapshot, a unit elsewhere", {
  records: true,
  setup: async (t) => {
    const { publicKey, privateKey } = keyPair();
    const store = new SnapshotStore({ publicKey, log: silentLogger });
    let generation = 0;
    const place = async (endpoints: readonly DiscoveryEndpoint[]): Promise<void> => {
      const addresses = endpoints.map(({ host, port }) => `${host}:${port}`);
      const shelf = { unit: "far", version: "1.0.0", uses: [], recordsCommands: true };
      const units = { far: { instances: [], discovery: { addresses } } };
      store.accept(
        signSnapshot(snapshotOf(1, ++generation, { services: { shelf }, units }), privateKey),
      );
    };
    await place(firstPlaces);
    const parts = { clock: new ManualClock(), random: seededRandom(1), log: silentLogger };
    const discovery = new PlacedDiscovery(store, parts);
    t.after(() => discovery.stop());
    return { discovery, place };
  },
});

discoveryConformance("DNS, A records", {
  records: true,
  setup: (t) =>
    named(t, { host: "shelf.test", port: 4001 }, (server, endpoints) => {
      const answers = endpoints.map(({ host }) => ({
        type: "A" as const,
        name: "shelf.test",
        ttl: 10,
        data: host,
      }));
      server.records.set("shelf.test", answers);
    }),
});

discoveryConformance("DNS, SRV records", {
  records: true,
  setup: (t) =>
    named(t, { srv: "_kerf._tcp.shelf.test" }, (server, endpoints) => {
      server.records.set(
        "_kerf._tcp.shelf.test",
        endpoints.map(({ port }, index) => ({
          type: "SRV" as const,
          name: "_kerf._tcp.shelf.test",
          ttl: 10,
          data: { target: `shelf-${index}.test`, port, priority: 0, weight: 0 },
        })),
      );
      for (const [index, { host }] of endpoints.entries()) {
        const name = `shelf-${index}.test`;
        server.records.set(name, [{ type: "A", name, ttl: 10, data: host }]);
      }
    }),
});

discoveryConformance("Kubernetes", {
  records: true,
  setup: async (t) => {
    const { api, discovery, at } = await watching(t);
    const place = async (endpoints: readonly DiscoveryEndpoint[]): Promise<void> => {
      const hosts = endpoints.map(({ host }) => host);
      api.put(sliceOf("shelf-1", hosts));
      await at(...hosts);
    };
    const outage = async (during: () => Promise<void>): Promise<void> => {
      api.broken = true;
      api.breakWatches();
      await api.asked(2);
      await during();
      api.broken = false;
    };
    api.put(
      sliceOf(
        "shelf-1",
        firstPlaces.map(({ host }) => host),
      ),
    );
    await discovery.start();
    return { discovery, place, outage };
  },
});

async function named(
  t: TestContext,
  name: DnsName,
  publish: (server: DnsServer, endpoints: readonly DiscoveryEndpoint[]) => void,
) {
  const server = await DnsServer.start();
  const discovery = new DnsDiscovery({
    services: { shelf: name },
    recordsCommands: ["shelf"],
    resolver: systemResolver([server.address]),
    clock: new ManualClock(),
    log: silentLogger,
  });
  t.after(async () => {
    discovery.stop();
    await server.stop();
  });
  const place = async (endpoints: readonly DiscoveryEndpoint[]): Promise<void> => {
    publish(server, endpoints);
    await discovery.refresh();
  };
  await place(firstPlaces);
  const outage = async (during: () => Promise<void>): Promise<void> => {
    server.broken = true;
    await discovery.refresh();
    await during();
    // A name that does not exist is no better.
    server.broken = false;
    server.records.clear();
    await discovery.refresh();
    await during();
    publish(server, firstPlaces);
  };
  return { discovery, place, outage };
}
