import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { setTimeout as delay } from "node:timers/promises";
import { anyPort, Pebble, withPebble } from "../testing/pebble.ts";
import { type PlatformProcess, Workplace } from "../testing/platform-process.ts";

/** Short enough to see a renewal, long enough to look at a certificate before: seconds. */
const lifeSeconds = 18;

withPebble(() => {
  test("certificates are ordered, renewed, and outlive an authority that is away", async (t) => {
    const place = new Workplace(t, "pair");
    const httpPort = await anyPort();
    const pebble = await Pebble.prepare(t, place.root, { httpPort, lifeSeconds });
    write(place, {
      domains: ["shop.example", "partners.example", "refused.example"],
      termsAgreed: true,
      email: "ops@shop.example",
      directory: pebble.directory,
      caFile: pebble.caFile,
      httpPort,
    });
    const platform = place.start("--environment=production");
    const { gateways } = await platform.ready();
    const port = Number(new URL(gateways[0]?.url ?? "").port);
    assert.match(gateways[0]?.url ?? "", /^https:/);

    await t.test("the authority is away: it is served all the same, and said so", async () => {
      const { error } = await problemOf(platform, "shop.example");
      assert.match(error.message, /cannot be reached/);
      const [shop] = (await platform.client.domains({})).domains;
      assert.equal(shop?.state, "self-signed");
      assert.equal(shop?.problem?.message, error.message);
      assert.ok(Date.parse(shop?.next ?? "") > Date.now(), "it is tried again");
      assert.equal(await ask(port, "shop.example", undefined), 200);
      const status = await platform.client.status({});
      assert.equal(status.domains?.length, 3);
    });

    let root = "";
    await t.test("each name gets its own, unknown ones none", async () => {
      await pebble.start();
      root = await pebble.root();
      for (const domain of ["shop.example", "partners.example"]) {
        const issued = await platform.client.renewDomain({ domain });
        assert.equal(issued.state, "issued");
        assert.match(issued.issuer ?? "", /^Pebble Intermediate/);
        assert.equal(issued.problem, undefined);
        await until(async () => (await ask(port, domain, root)) === 200);
      }
      assert.notEqual(await serial(port, "shop.example"), await serial(port, "partners.example"));
      await assert.rejects(ask(port, "other.example", undefined));
    });

    await t.test("a name that the authority refuses keeps none of the others back", async () => {
      await assert.rejects(
        platform.client.renewDomain({ domain: "refused.example" }),
        (error: Error) => /issues no certificate for refused\.example/.test(error.message),
      );
      const { domains } = await platform.client.domains({});
      const refused = domains.find(({ domain }) => domain === "refused.example");
      assert.match(refused?.problem?.why ?? "", /forbidden by policy/);
      assert.match(refused?.problem?.fix ?? "", /DNS/);
      // Far enough away not to be locked out.
      assert.ok(Date.parse(refused?.next ?? "") > Date.now() + 600_000);
      await assert.rejects(platform.client.renewDomain({ domain: "nobody.example" }));
    });

    await t.test("clear text leads to https, and to our own names only", async () => {
      const door = `http://127.0.0.1:${httpPort}`;
      const plain = async (path: string): Promise<[number, string | null]> => {
        const answer = await fetch(door + path, { redirect: "manual" });
        return [answer.status, answer.headers.get("location")];
      };
      assert.deepEqual(await plain("/counter?a=1"), [308, "https://shop.example/counter?a=1"]);
      assert.deepEqual(await plain("//evil.example/"), [
        308,
        "https://shop.example//evil.example/",
      ]);
      assert.deepEqual(await plain("/.well-known/acme-challenge/unknown"), [404, null]);
      assert.equal((await plain("/.well-known/acme-challenge/..%2f..%2ftoken"))[0], 308);
    });

    await t.test(
      "a certificate is renewed in time, and connections that are open stay",
      async () => {
        const before = await serial(port, "shop.example");
        const open = connect({ port, servername: "shop.example", rejectUnauthorized: false });
        await once(open, "secureConnect");
        // One that has been answered may be silent for longer than one that has not.
        assert.match(await askAgain(open), /^HTTP\/1\.1 200/);
        await until(async () => (await serial(port, "shop.example")) !== before);
        await until(async () => (await ask(port, "shop.example", root)) === 200);
        assert.match(await askAgain(open), /^HTTP\/1\.1 200/);
        open.destroy();
      },
    );

    await t.test(
      "the authority is away when one is to be renewed: the last one serves",
      async () => {
        await pebble.stop();
        const before = await serial(port, "shop.example");
        const { error } = await platform.next("problem", ({ source }) => source === "shop.example");
        assert.match(error.message, /cannot be reached/);
        assert.equal(await serial(port, "shop.example"), before);
        assert.equal(await ask(port, "shop.example", undefined), 200);
        // Another authority under the same name, which has never heard of us.
        await pebble.start();
        await platform.client.renewDomain({ domain: "shop.example" });
        const newRoot = await pebble.root();
        await until(async () => (await ask(port, "shop.example", newRoot)) === 200);
      },
    );

    await t.test(
      "a platform that is killed leaves them serving; the next one goes on",
      async () => {
        const before = await serial(port, "shop.example");
        const { failures } = (await platform.client.domains({})).domains[2] ?? {};
        assert.ok(failures !== undefined && failures > 0);
        platform.child.kill("SIGKILL");
        await platform.exited;
        assert.equal(await ask(port, "shop.example", undefined), 200);
        assert.equal(await serial(port, "shop.example"), before);
        const next = place.start("--environment=production");
        await next.ready();
        const [shop, , refused] = (await next.client.domains({})).domains;
        assert.equal(shop?.state, "issued");
        // Who was refused is not asked for again because of it.
        assert.equal(refused?.failures, failures);
        await until(async () => (await serial(port, "shop.example")) !== before);
      },
    );

    const folder = join(place.home, "keys", "domains");
    const names = readdirSync(folder).filter((name) => name !== "challenges");
    assert.equal(names.length, 4, names.join(", "));
    for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    assert.deepEqual(readdirSync(join(folder, "challenges")), []);
    for (const log of readdirSync(join(place.home, "logs"))) {
      const text = readFileSync(join(place.home, "logs", log), "utf8");
      assert.doesNotMatch(text, /PRIVATE KEY/, log);
    }
    assert.match(readFileSync(join(place.home, "state", "audit.jsonl"), "utf8"), /"renewDomain"/);
  });
});

/** Gives the app's gateway these names. */
function write(place: Workplace, acme: object): void {
  const file = place.path("app.ts");
  const source = readFileSync(file, "utf8");
  const tls = JSON.stringify({ unknownNames: "refuse", acme });
  const changed = source.replace("expose: [counter, greeter]", `$&, tls: ${tls} as const as never`);
  assert.notEqual(changed, source);
  writeFileSync(file, changed);
}

/** The first problem of a domain, past or to come. */
function problemOf(platform: PlatformProcess, domain: string) {
  return platform.event("problem", ({ source }) => source === domain);
}

/** The status of `/health`; with `ca`, the certificate must be one of it. */
async function ask(port: number, servername: string, ca: string | undefined): Promise<number> {
  const trust = ca === undefined ? { rejectUnauthorized: false } : { ca };
  const sent = request({
    host: "127.0.0.1",
    port,
    path: "/health",
    servername,
    agent: false,
    ...trust,
  });
  const [response] = (await once(sent.end(), "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode as number;
}

/** What is answered on a connection that stays open; rejects when it does not. */
async function askAgain(socket: TLSSocket): Promise<string> {
  const closed = once(socket, "close").then(() => assert.fail("the connection was closed"));
  socket.write("GET /health HTTP/1.1\r\nHost: shop.example\r\n\r\n");
  const [first] = (await Promise.race([once(socket, "data"), closed])) as [Buffer];
  closed.catch(() => {});
  return first.toString();
}

/** The serial number of the certificate that a new connection is shown. */
async function serial(port: number, servername: string): Promise<string> {
  const socket = connect({ port, servername, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

/** Asks until it is so: gateways look at their files once a second. Bounded by twice a certificate's life. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  let last: unknown;
  for (let attempt = 0; attempt < lifeSeconds * 20; attempt++) {
    try {
      if (await holds()) return;
    } catch (error) {
      last = error;
    }
    await delay(100);
  }
  throw new Error("It never came to be so.", { cause: last });
}
