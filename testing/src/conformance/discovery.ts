import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import type { Discovery } from "@kerf/call";

/** A discovery under test, and the hands that move what it discovers. */
export interface DiscoveryUnderTest {
  readonly discovery: Discovery;
  /** Lets `shelf` run at these hosts and ports from now on; resolves once the discovery must know. Absent where nothing ever changes. */
  readonly place?: (endpoints: readonly Endpoint[]) => Promise<void>;
  /** Whoever knows where services run is away while `during` runs, and the discovery notices. */
  readonly outage?: (during: () => Promise<void>) => Promise<void>;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Where `shelf` runs when a discovery under test begins. */
export const firstPlaces: readonly Endpoint[] = [
  { host: "127.0.0.1", port: 4001 },
  { host: "127.0.0.2", port: 4001 },
];
const others: readonly Endpoint[] = [
  { host: "127.0.0.2", port: 4001 },
  { host: "127.0.0.3", port: 4001 },
];

/** Registers the tests that every discovery must pass. `setup` begins with `shelf` at {@link firstPlaces}, known already, recording its commands when `records` says so. */
export function discoveryConformance(
  name: string,
  options: {
    readonly records: boolean;
    readonly setup: (t: TestContext) => Promise<DiscoveryUnderTest>;
  },
): void {
  const { records, setup } = options;
  const addresses = (discovery: Discovery): string[] =>
    discovery
      .instancesOf("shelf")
      .map(({ address }) => address)
      .toSorted();
  const written = (endpoints: readonly Endpoint[]): string[] =>
    endpoints.map(({ host, port }) => `tcp:${host}:${port}`);

  describe(`discovery conformance: ${name}`, () => {
    test("it names where a service runs, each instance ready and once", async (t) => {
      const { discovery } = await setup(t);
      assert.deepEqual(addresses(discovery), written(firstPlaces));
      const instances = discovery.instancesOf("shelf");
      assert.equal(new Set(instances.map(({ id }) => id)).size, instances.length);
      assert.ok(instances.every(({ state }) => state === "ready"));
      assert.equal(discovery.recordsCommands("shelf"), records);
    });

    test("it knows nothing of other names, whatever they are", async (t) => {
      const { discovery } = await setup(t);
      for (const other of ["unknown", "constructor", "__proto__", ""]) {
        assert.deepEqual(discovery.instancesOf(other), []);
        assert.equal(discovery.recordsCommands(other), false);
      }
    });

    test("it answers the same array for as long as nothing changes", async (t) => {
      const { discovery, place } = await setup(t);
      const before = discovery.instancesOf("shelf");
      let changes = 0;
      discovery.onChange(() => changes++);
      await place?.(firstPlaces.toReversed());
      assert.deepEqual(
        new Set(discovery.instancesOf("shelf").map(({ address }) => address)),
        new Set(before.map(({ address }) => address)),
      );
      assert.equal(discovery.instancesOf("shelf"), discovery.instancesOf("shelf"));
      if (changes === 0) assert.equal(discovery.instancesOf("shelf"), before);
    });

    test("it follows what comes and goes, and says so once it can be seen", async (t) => {
      const { discovery, place } = await setup(t);
      if (place === undefined) return t.diagnostic("nothing changes here");
      const seen: string[][] = [];
      const forget = discovery.onChange(() => seen.push(addresses(discovery)));
      await place(others);
      assert.deepEqual(addresses(discovery), written(others));
      assert.deepEqual(seen.at(-1), written(others));
      forget();
      const told = seen.length;
      await place(firstPlaces);
      assert.deepEqual(addresses(discovery), written(firstPlaces));
      assert.equal(seen.length, told);
    });

    test("the last that is known stays through an outage, and is followed by what is new", async (t) => {
      const { discovery, place, outage } = await setup(t);
      if (outage === undefined) return t.diagnostic("nothing is asked here");
      await outage(async () => assert.deepEqual(addresses(discovery), written(firstPlaces)));
      assert.deepEqual(addresses(discovery), written(firstPlaces));
      await place?.(others);
      assert.deepEqual(addresses(discovery), written(others));
    });
  });
}
