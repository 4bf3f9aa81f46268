import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { X509Certificate } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { spiffeIdOf, WorkloadIdentity } from "@kerf/call";
import { type KerfError, ManualClock, systemClock } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { Home } from "../state/home.ts";
import { Authority } from "./authority.ts";

const folder = await mkdtemp(join(tmpdir(), "kerf-authority-"));
after(() => rm(folder, { recursive: true }));
const hourMs = 3_600_000;
const lives = { certificateMs: 24 * hourMs, authorityMs: 365 * 24 * hourMs };
let homes = 0;

async function stage() {
  const home = Home.open(join(folder, String(homes++)));
  const clock = new ManualClock(systemClock.wall());
  const open = () => Authority.open({ home, environment: "dev", lives, clock, log: silentLogger });
  return { home, clock, open, authority: await open() };
}

/** A request for `unit`, as a program of that unit makes it. */
async function requestFor(unit: string): Promise<string> {
  let request = "";
  await WorkloadIdentity.obtain({
    environment: "dev",
    unit,
    issue: (made) => {
      request = made;
      return Promise.reject(new Error("not now"));
    },
    authorities: { current: () => [], onChange: () => () => {} },
    clock: { ...systemClock, now: () => Number.POSITIVE_INFINITY },
    random: { next: () => 0 },
    log: silentLogger,
  }).catch(() => {});
  return request;
}

const signedBy = (certificate: string, authority: string | undefined): boolean =>
  new X509Certificate(certificate).verify(new X509Certificate(authority ?? "").publicKey);

test("its key is kept beside the others, for its owner only, and found again", async () => {
  const { home, authority, open } = await stage();
  const file = join(home.keys, "authority.json");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.ok((await readFile(file, "utf8")).includes('"d"'));
  assert.deepEqual((await open()).trusted, authority.trusted);
});

test("a program gets a certificate for the unit that it was started as, and for no other", async () => {
  const { authority } = await stage();
  const request = await requestFor("orders");
  const certificate = await authority.issue(request, "orders");
  assert.equal(spiffeIdOf(new X509Certificate(certificate)), "spiffe://dev/orders");
  assert.ok(signedBy(certificate, authority.trusted[0]));
  const refused = (one: string, unit: string, why: RegExp) =>
    assert.rejects(authority.issue(one, unit), (error: KerfError) => {
      assert.equal(error.code, "invalid_input");
      assert.match(error.message, why);
      return true;
    });
  await refused(
    request,
    "payments",
    /asks for spiffe:\/\/dev\/orders, and comes from spiffe:\/\/dev\/payments/,
  );
  await refused(request, "kerf:platform", /comes from spiffe:\/\/dev\/kerf\/platform/);
  await refused("nonsense", "orders", /cannot be read/);
  const body = Buffer.from(request.split("\n").slice(1, -2).join(""), "base64");
  const forged = Buffer.from(body);
  // One bit of the key: what signed the request is not what it is for any more.
  const at = forged.indexOf(Buffer.from([0x03, 0x42, 0x00, 0x04])) + 40;
  forged[at] = (forged[at] as number) ^ 1;
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${forged.toString("base64")}\n-----END CERTIFICATE REQUEST-----`;
  await refused(pem, "orders", /cannot be read|not signed by the key/);
});

test("half-way through its life an authority gets a successor: trusted at once, signing later, alone once nothing leans on the first", async () => {
  const { authority, clock } = await stage();
  const [first] = authority.trusted;
  const changed = () => new Promise<void>((resolve) => void authority.onChange(resolve));
  const halfLife = changed();
  // A timer of the system waits for 24 days at most, so that it takes several to get there.
  await clock.advance(lives.authorityMs / 2 - 1_000);
  assert.deepEqual(authority.trusted, [first]);
  await clock.advance(2_000);
  await halfLife;
  const [, second] = authority.trusted;
  assert.deepEqual(authority.trusted, [first, second]);
  const request = await requestFor("orders");
  assert.ok(signedBy(await authority.issue(request, "orders"), first));
  await clock.advance(12 * hourMs + 5_000);
  assert.ok(signedBy(await authority.issue(request, "orders"), second));
  assert.deepEqual(authority.trusted, [first, second]);
  const gone = changed();
  await clock.advance(24 * hourMs);
  await gone;
  assert.deepEqual(authority.trusted, [second]);
  authority.close();
});
