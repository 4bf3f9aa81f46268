import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { PlacedUnit } from "@kerf/call";
import { DnsServer, KubernetesApiDouble, serviceLabel } from "@kerf/call/testing";
import { silentLogger } from "@kerf/telemetry";
import { assembleGateway } from "./gateway.ts";
import { FrontPlatform } from "./testing/platform.ts";

/** Two instances of `notes` over TCP, which say who they are, and a gateway that is told where they are looked for. */
async function elsewhere(
  t: TestContext,
  discoveryOf: (
    ports: readonly [number, number],
  ) => Promise<NonNullable<PlacedUnit["discovery"]>> | NonNullable<PlacedUnit["discovery"]>,
) {
  const platform = await FrontPlatform.start(t);
  const start = (name: string) =>
    platform.serveNotes("tcp:127.0.0.1:0", {
      open: { run: ({ input }) => ({ ...(input as object), caller: name }) },
    });
  const [one, other] = await Promise.all([start("one"), start("other")]);
  const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(":") + 1));
  const discovery = await discoveryOf([portOf(one.address), portOf(other.address)]);
  platform.change(() => ({ units: { notes: { instances: [], discovery } } }));
  const gateway = await assembleGateway(platform.boot(), silentLogger);
  platform.before(() => gateway.lifecycle.stop());
  await gateway.lifecycle.start();
  const ask = async (): Promise<string> => {
    const response = await fetch(`${gateway.url}/notes`);
    const answer = (await response.json()) as { caller?: string; code?: string };
    return answer.caller ?? String(answer.code);
  };
  /** Asks until an answer comes from `name`; nothing has been found before the first answer. */
  const until = async (name: string): Promise<void> => {
    let found = false;
    for (let answer = await ask(); answer !== name; answer = await ask()) {
      found ||= answer !== "unavailable";
      if (found) assert.notEqual(answer, "unavailable");
    }
  };
  return { platform, one, other, ask, until, url: gateway.url as string };
}

const name = "_kerf._tcp.notes.test";
const target = "host.notes.test";

test("a unit that runs elsewhere is found by its records; an instance that dies is out by its connection", async (t) => {
  const dns = await DnsServer.start();
  t.after(() => dns.stop());
  dns.records.set(target, [{ name: target, type: "A", ttl: 60, data: "127.0.0.1" }]);
  const { one, ask, until, url, platform } = await elsewhere(t, (ports) => {
    dns.records.set(
      name,
      ports.map((port) => ({
        name,
        type: "SRV",
        ttl: 60,
        data: { priority: 1, weight: 1, port, target },
      })),
    );
    return { srv: name, servers: [dns.address] };
  });
  await until("one");
  await until("other");
  const health = (await (await fetch(`${url}/health`)).json()) as { services: unknown };
  assert.deepEqual(health.services, { notes: "up" });
  const queries = dns.queries.length;
  // Its records go on naming it for a minute.
  await one.close();
  for (let n = 0; n < 50; n++) assert.equal(await ask(), "other");
  assert.equal(dns.queries.length, queries, "nobody had to ask");
  // Another placement that says the same goes on with what was found.
  platform.change(({ principalKeys }) => ({ principalKeys: [...principalKeys] }));
  await platform.acknowledged();
  assert.equal(await ask(), "other");
  assert.equal(dns.queries.length, queries);
});

test("a unit is found at addresses as they are, and is moved by another placement", async (t) => {
  let ports: readonly [number, number] = [0, 0];
  const { until, ask, platform } = await elsewhere(t, (found) => {
    ports = found;
    return { addresses: [`127.0.0.1:${found[0]}`] };
  });
  await until("one");
  platform.change(() => ({
    units: { notes: { instances: [], discovery: { addresses: [`127.0.0.1:${ports[1]}`] } } },
  }));
  await platform.acknowledged();
  assert.equal(await ask(), "other");
  // Back under the platform's own placement.
  const address = `tcp:127.0.0.1:${ports[0]}`;
  platform.change(() => ({
    units: { notes: { instances: [{ id: "notes-1", address, state: "ready" }] } },
  }));
  await platform.acknowledged();
  assert.equal(await ask(), "one");
});

test("a unit is where Kubernetes has it", async (t) => {
  const api = await KubernetesApiDouble.start();
  t.after(() => api.stop());
  const slice = (slices: string, port: number) => ({
    metadata: { name: slices, labels: { [serviceLabel]: "notes" } },
    addressType: "IPv4",
    ports: [{ name: "kerf", port }],
    endpoints: [{ addresses: ["127.0.0.1"] }],
  });
  let ports: readonly [number, number] = [0, 0];
  const { until } = await elsewhere(t, async (found) => {
    ports = found;
    api.put(slice("a", found[0]));
    const folder = await mkdtemp(join(tmpdir(), "kerf-"));
    t.after(() => rm(folder, { recursive: true }));
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, api.token);
    const kubernetes = { namespace: "shop", service: "notes", port: "kerf" };
    return { kubernetes: { ...kubernetes, api: { server: api.url, tokenFile } } };
  });
  await until("one");
  api.put(slice("b", ports[1]));
  await until("other");
});
