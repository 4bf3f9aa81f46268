import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { spiffeIdOf } from "@kerf/call";
import { obtainIdentity } from "@kerf/call/host";
import { KerfError, ManualClock, systemClock } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { certificateLives } from "../resources/certificate-lives.ts";
import { steadyCalls } from "../resources/testing/steady-calls.ts";
import { type IssueOrder, issueCertificates } from "./issue-certificates.ts";
import { issueArguments, issueOrderOf } from "./issue-order.ts";
import type { KeptSecret, Secrets } from "./secrets.ts";

const hourMs = 3_600_000;

/** Secrets as a cluster keeps them: each write is another version. */
class KeptSecrets implements Secrets {
  readonly all = new Map<string, KeptSecret>();
  /** Names of those that were written, in their order. */
  readonly written: string[] = [];

  constructor(names: readonly string[]) {
    for (const name of names) this.all.set(name, { version: "1", data: {} });
  }

  async read(name: string): Promise<KeptSecret> {
    const found = this.all.get(name);
    if (found === undefined) throw new KerfError("not_found", `no ${name}`);
    return found;
  }

  async write(name: string, data: KeptSecret["data"], before: KeptSecret): Promise<void> {
    const found = await this.read(name);
    if (found.version !== before.version) throw new KerfError("conflict", `another ${name}`);
    const version = String(Number(found.version) + 1);
    this.all.set(name, { version, data: { ...found.data, ...data } });
    this.written.push(name);
  }

  dataOf(name: string): KeptSecret["data"] {
    return this.all.get(name)?.data ?? {};
  }
}

const order: IssueOrder = {
  environment: "production",
  authority: "kerf-authority",
  identities: { orders: "orders-identity", "gateway:web": "gateway-web-identity" },
  lives: certificateLives,
};

function stage() {
  const secrets = new KeptSecrets([order.authority, ...Object.values(order.identities)]);
  const clock = new ManualClock(systemClock.wall());
  const run = (more: Partial<IssueOrder> = {}) =>
    issueCertificates({ ...order, ...more }, { clock, log: silentLogger, secrets });
  const certificateOf = (name: string) =>
    new X509Certificate(secrets.dataOf(name)["tls.crt"] ?? "");
  return { certificateOf, clock, run, secrets };
}

test("every program gets a certificate for its own identity, and the next one before it looks for it", async () => {
  const { certificateOf, clock, run, secrets } = stage();
  assert.deepEqual(await run(), { issued: ["orders", "gateway:web"], told: [] });
  const first = certificateOf("orders-identity");
  assert.equal(spiffeIdOf(first), "spiffe://production/orders");
  assert.equal(
    spiffeIdOf(certificateOf("gateway-web-identity")),
    "spiffe://production/gateway/web",
  );
  const { "ca.crt": authority = "" } = secrets.dataOf("orders-identity");
  assert.ok(first.verify(new X509Certificate(authority).publicKey));
  // Nothing of the authority's own is where a pod mounts it.
  assert.deepEqual(Object.keys(secrets.dataOf("orders-identity")).toSorted(), [
    "ca.crt",
    "tls.crt",
    "tls.key",
  ]);
  await clock.advance(8 * hourMs);
  assert.deepEqual(await run(), { issued: [], told: [] });
  await clock.advance(2 * hourMs);
  assert.deepEqual(await run(), { issued: ["orders", "gateway:web"], told: [] });
  assert.notEqual(certificateOf("orders-identity").serialNumber, first.serialNumber);
});

test("what somebody else put there is replaced: another's certificate, another's key, nonsense", async () => {
  const { certificateOf, run, secrets } = stage();
  await run();
  const put = (data: KeptSecret["data"]): Promise<void> =>
    secrets.write("orders-identity", data, secrets.all.get("orders-identity") as KeptSecret);
  const { "tls.crt": crt = "", "tls.key": key = "" } = secrets.dataOf("gateway-web-identity");
  for (const data of [{ "tls.crt": crt, "tls.key": key }, { "tls.key": key }, { "tls.crt": "?" }]) {
    await put(data);
    assert.deepEqual(await run(), { issued: ["orders"], told: [] });
    assert.equal(spiffeIdOf(certificateOf("orders-identity")), "spiffe://production/orders");
  }
});

test("a successor of the authority is told to all at once, and signs half a day later", async () => {
  const { certificateOf, clock, run, secrets } = stage();
  await run();
  const { "ca.crt": first = "" } = secrets.dataOf("orders-identity");
  await clock.advance(certificateLives.authorityMs / 2 + hourMs);
  await run();
  const { "ca.crt": both = "" } = secrets.dataOf("orders-identity");
  assert.ok(both.startsWith(first) && both.length > first.length);
  const second = new X509Certificate(both.slice(first.length)).publicKey;
  const isBySecond = (): boolean => certificateOf("orders-identity").verify(second);
  assert.ok(!isBySecond());
  await clock.advance(13 * hourMs);
  await run();
  assert.ok(isBySecond());
  await clock.advance(24 * hourMs);
  await run();
  assert.equal(secrets.dataOf("orders-identity")["ca.crt"], both.slice(first.length));
});

test("two runs at once make one authority, and a Secret that is missing keeps none from the others", async () => {
  const { run, secrets } = stage();
  const runs = await Promise.allSettled([run(), run()]);
  assert.deepEqual(runs.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
  assert.equal(secrets.written.filter((name) => name === order.authority).length, 1);
  const identities = { mail: "mail-identity", ...order.identities, catalog: "catalog-identity" };
  secrets.all.set("catalog-identity", { version: "1", data: {} });
  await assert.rejects(run({ identities }), { code: "not_found" });
  assert.ok("tls.crt" in secrets.dataOf("catalog-identity"));
  secrets.all.set(order.authority, { version: "9", data: { "authorities.json": "[{}]" } });
  await assert.rejects(run(), { code: "invalid_configuration", message: /kerf-authority/ });
});

test("an order is the same as arguments, and anything else is refused", () => {
  const namespaced = { ...order, namespace: "store" };
  assert.deepEqual(issueOrderOf(issueArguments(namespaced)), namespaced);
  for (const args of [[], ["--environment=a", "--namespace=b", "--authority=c", "orders"]])
    assert.throws(() => issueOrderOf(args), { code: "invalid_configuration" });
});

test(
  "programs take what is renewed from their files: no call is lost, through a whole change of the authority",
  { timeout: 60_000 },
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "kerf-identities-"));
    t.after(() => rm(folder, { recursive: true }));
    // All of it within the five minutes by which certificates are valid before they are made: TLS goes by the machine's clock. Programs look at authorities each minute.
    const clock = new ManualClock(systemClock.wall());
    const lives = { certificateMs: 130_000, authorityMs: 160_000 };
    const identities = { echo: "echo-identity", web: "web-identity" };
    const secrets = new KeptSecrets([order.authority, ...Object.values(identities)]);
    /** A run, and what a node does then with the volumes of pods. */
    const run = async (): Promise<void> => {
      secrets.written.length = 0;
      const run = { ...order, identities, lives };
      await issueCertificates(run, { clock, log: silentLogger, secrets });
      for (const name of secrets.written.filter((each) => each !== order.authority))
        for (const [key, text] of Object.entries(secrets.dataOf(name))) {
          await writeFile(join(folder, `${name}-${key}.new`), text);
          await rename(join(folder, `${name}-${key}.new`), join(folder, `${name}-${key}`));
        }
    };
    const identityOf = async (unit: "echo" | "web") => {
      const file = (key: string): string => join(folder, `${identities[unit]}-${key}`);
      const certificates = {
        key: file("tls.key"),
        certificate: file("tls.crt"),
        authority: file("ca.crt"),
      };
      const [boot, parts] = [
        { environment: order.environment, unit, certificates },
        // Without a platform there is no link to one.
        { clock, random: { next: () => 0.5 }, log: silentLogger },
      ] as unknown as Parameters<typeof obtainIdentity>;
      const identity = await obtainIdentity(boot, parts);
      assert.ok(identity !== undefined);
      return identity;
    };
    await run();
    const { "ca.crt": first = "" } = secrets.dataOf("echo-identity");
    const [callee, calling] = await Promise.all([identityOf("echo"), identityOf("web")]);
    const calls = await steadyCalls(t, { callee, calling, clock });
    for (let seconds = 0; seconds < 285; seconds += 5) {
      await run();
      await clock.advance(5_000);
      await calls.more(40);
    }
    const { connections, renewals } = await calls.end();
    const { "ca.crt": last = "" } = secrets.dataOf("echo-identity");
    assert.ok(!last.includes(first));
    assert.ok(renewals.callee >= 5 && renewals.calling >= 5, JSON.stringify(renewals));
    assert.ok(connections >= 3, String(connections));
  },
);
