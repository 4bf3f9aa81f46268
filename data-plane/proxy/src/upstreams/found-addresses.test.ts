import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { DnsServer, KubernetesApiDouble, serviceLabel } from "@kerf/call/testing";
import {
  type GatewaySettings,
  trafficProblems,
  type UpstreamDiscovery,
  type UpstreamSettings,
} from "@kerf/service";
import { startForeign, startFront } from "../testing/front.ts";

/** Two programs that say which of them they are; their ports. */
async function twoPrograms(t: TestContext): Promise<readonly [number, number]> {
  const start = async (name: string): Promise<number> =>
    Number(new URL((await startForeign(t, (_, response) => response.end(name))).url).port);
  return [await start("one"), await start("other")];
}

/** A file with the token that the API wants. */
async function tokenOf(t: TestContext, api: KubernetesApiDouble): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kerf-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "token");
  await writeFile(file, api.token);
  return file;
}

function looking(discovery: UpstreamDiscovery): GatewaySettings {
  return {
    upstreams: { legacy: { discovery } },
    routes: [{ path: "/shop/*", to: { upstream: "legacy" } }],
  };
}

/** Asks until `enough` of the answers so far; each is 200 from the first such one on. */
async function ask(url: string, enough: (answers: readonly string[]) => boolean): Promise<void> {
  const answers: string[] = [];
  while (!enough(answers)) {
    const response = await fetch(`${url}/shop/thing`);
    const text = await response.text();
    if (answers.length === 0 && response.status === 503) continue;
    assert.equal(response.status, 200, text);
    answers.push(text);
  }
}

test("an upstream is where Kubernetes has it, and follows it without a request lost", async (t) => {
  const [one, other] = await twoPrograms(t);
  const api = await KubernetesApiDouble.start();
  t.after(() => api.stop());
  const slice = (name: string, port: number) => ({
    metadata: { name, labels: { [serviceLabel]: "legacy" } },
    addressType: "IPv4",
    ports: [{ name: "http", port }],
    endpoints: [{ addresses: ["127.0.0.1"] }],
  });
  api.put(slice("a", one));
  const { url } = await startFront(
    t,
    looking({
      kubernetes: {
        namespace: "shop",
        service: "legacy",
        port: "http",
        api: { server: api.url, tokenFile: await tokenOf(t, api) },
      },
    }),
  );
  await ask(url, (answers) => answers.at(-1) === "one");
  api.put(slice("b", other));
  api.remove("a");
  await ask(url, (answers) => answers.at(-1) === "other");
  await ask(url, (answers) => {
    assert.ok(!answers.includes("one"));
    return answers.length === 20;
  });
});

test("an upstream is where its records say; what is looked for goes on through other configurations", async (t) => {
  const [one, other] = await twoPrograms(t);
  const dns = await DnsServer.start();
  t.after(() => dns.stop());
  const name = "_http._tcp.legacy.test";
  const target = "host.legacy.test";
  const record = (port: number) =>
    ({
      name,
      type: "SRV",
      ttl: 60,
      data: { priority: 1, weight: 1, port, target },
    }) as const;
  dns.records.set(target, [{ name: target, type: "A", ttl: 60, data: "127.0.0.1" }]);
  dns.records.set(name, [record(one), record(other)]);
  const settings = looking({ srv: name, servers: [dns.address] });
  const front = await startFront(t, settings);
  const both = (answers: readonly string[]): boolean =>
    answers.includes("one") && answers.includes("other");
  await ask(front.url, both);
  const queries = dns.queries.length;
  await front.place({ ...settings, trustedProxies: ["10.0.0.1"] });
  assert.equal((await fetch(`${front.url}/shop/thing`)).status, 200);
  await front.place({
    ...settings,
    upstreams: { legacy: { ...settings.upstreams?.["legacy"], policies: { attempts: 2 } } },
  });
  assert.equal((await fetch(`${front.url}/shop/thing`)).status, 200);
  assert.equal(dns.queries.length, queries);
});

test("what cannot be looked for is said at once", () => {
  const problemsOf = (upstream: UpstreamSettings): string[] =>
    trafficProblems({ upstreams: { legacy: upstream } }).map((problem) =>
      problem.replace("upstreams.legacy: ", ""),
    );
  assert.deepEqual(problemsOf({ discovery: { srv: "_http._tcp.legacy.internal" } }), []);
  assert.deepEqual(problemsOf({ discovery: { dns: { host: "legacy", port: 80 } } }), []);
  const urls = ["http://a"];
  for (const [upstream, problem] of [
    [{ discovery: {} }, /names one of dns, srv, kubernetes and addresses/],
    [{ discovery: { srv: "a", dns: { host: "b", port: 1 } } }, /names one of/],
    [{ urls, discovery: { srv: "a" } }, /has urls and discovery/],
    [{ weights: [1], discovery: { srv: "a" } }, /weights has 1 entries for 0 urls/],
    [{ discovery: { dns: { host: "a b", port: 80 } } }, /dns\.host "a b" is no host name/],
    [{ discovery: { dns: { host: "a", port: 0 } } }, /dns\.port: 0 is not/],
    [{ discovery: { srv: "a", servers: ["dns.internal"] } }, /no address of a name server/],
    [{ discovery: { srv: "a", scheme: "https" } }, /needs tls\.serverName/],
    [
      { discovery: { kubernetes: { namespace: "Shop", service: "legacy", port: 80 } } },
      /kubernetes\.namespace "Shop"/,
    ],
  ] satisfies [UpstreamSettings, RegExp][])
    assert.match(problemsOf(upstream).join("\n"), problem);
});
