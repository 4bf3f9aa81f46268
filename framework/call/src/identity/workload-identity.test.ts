import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { type KerfError, ManualClock, systemClock } from "@kerf/kernel";
import { issueCertificate, TestEnvironment } from "@kerf/testing/certificates";
import { spiffeIdOf } from "./spiffe.ts";

const dayMs = 86_400_000;
const home = await TestEnvironment.make();

/** An identity whose platform can be taken away. */
async function stage() {
  const clock = new ManualClock(systemClock.wall());
  const platform = { away: false, asked: 0 };
  const identity = await home.identity("orders", {
    clock,
    issue: (request) => {
      platform.asked++;
      if (platform.away) return Promise.reject(new Error("nobody answers"));
      return issueCertificate({
        authority: home.authority,
        request,
        id: "spiffe://test/orders",
        now: clock.wall(),
        lifeMs: dayMs,
      });
    },
  });
  return { clock, platform, identity };
}

/** Lets work that is not the clock's, such as making keys, come to its end. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
}

test("a certificate is an X.509-SVID: one URI, P-256, 24 h, no subject, for both sides of a connection", async () => {
  const { identity, clock } = await stage();
  const certificate = new X509Certificate(identity.credentials.certificate);
  assert.equal(certificate.subjectAltName, "URI:spiffe://test/orders");
  assert.equal(spiffeIdOf(certificate), "spiffe://test/orders");
  assert.equal(certificate.subject, undefined);
  assert.equal(certificate.ca, false);
  assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"]);
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
  assert.ok(certificate.serialNumber.length >= 30);
  const left = identity.credentials.expiresAt - clock.wall();
  assert.ok(left > dayMs - 2_000 && left < dayMs + 2_000, String(left));
  identity.stop();
});

test("it is renewed at half of its life, with a new key", async () => {
  const { clock, platform, identity } = await stage();
  const { key } = identity.credentials;
  let told = 0;
  identity.onChange(() => told++);
  await clock.advance(dayMs * 0.49);
  assert.equal(platform.asked, 1);
  await clock.advance(dayMs * 0.02);
  await until(() => told === 1);
  assert.notEqual(identity.credentials.key, key);
  identity.stop();
});

test("without a platform it is kept to its end and asked for again and again, and renewed once the platform is back", async () => {
  const { clock, platform, identity } = await stage();
  const first = identity.credentials;
  platform.away = true;
  for (let hour = 0; hour < 23; hour++) {
    await clock.advance(dayMs / 24);
    await until(() => clock.waiting > 0);
  }
  assert.equal(identity.credentials, first);
  assert.ok(identity.remainingMs(first.expiresAt) > 0);
  assert.ok(platform.asked > 10, String(platform.asked));
  platform.away = false;
  let renewed = false;
  identity.onChange(() => (renewed = true));
  await clock.advance(60_000);
  await until(() => renewed);
  assert.ok(identity.remainingMs(identity.credentials.expiresAt) > dayMs - 120_000);
  identity.stop();
});

test("a certificate for somebody else is not taken", async () => {
  const wrong = home.identity("orders", {
    issue: async () => (await home.shown("spiffe://test/web")).cert,
  });
  await assert.rejects(wrong, (error: KerfError) => {
    assert.equal(error.code, "start_failed");
    assert.match(error.message, /is for spiffe:\/\/test\/web, not for spiffe:\/\/test\/orders/);
    return true;
  });
});
