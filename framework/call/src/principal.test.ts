import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type KerfError, ManualClock } from "@kerf/kernel";
import type { PublicKey } from "./placement.ts";
import { PrincipalSigner, PrincipalVerifier } from "./principal.ts";
import { keyPair } from "./testing/keys.ts";

const pair = keyPair();
const ada = { subject: "ada", claims: { roles: ["admin"] } };

function make(environment = "test", keys: PublicKey[] = [pair.publicKey]) {
  const clock = new ManualClock();
  const signer = new PrincipalSigner(pair.privateKey, { environment: "test", clock });
  const verifier = new PrincipalVerifier(() => keys, { environment, clock });
  return { clock, signer, verifier, keys };
}

function refused(run: () => unknown, why: RegExp): void {
  assert.throws(
    run,
    (error: KerfError) => error.code === "unauthenticated" && why.test(error.why ?? ""),
  );
}

test("a principal arrives as it was signed, and nobody can change it", () => {
  const { signer, verifier } = make();
  const principal = verifier.verify(signer.sign(ada));
  assert.deepEqual(principal, ada);
  assert.ok(Object.isFrozen(principal) && Object.isFrozen(principal.claims["roles"]));
});

test("the same principal gets the same token for a minute, then another one", async () => {
  const { clock, signer } = make();
  const first = signer.sign(ada);
  await clock.advance(59_000);
  assert.equal(signer.sign({ subject: "ada", claims: { roles: ["admin"] } }), first);
  assert.notEqual(signer.sign({ subject: "ada", claims: {} }), first);
  await clock.advance(2_000);
  assert.notEqual(signer.sign(ada), first);
});

test("a token that is handed out is good for a minute at least, and for as long as was asked", async () => {
  const { clock, signer, verifier } = make();
  signer.sign(ada);
  await clock.advance(59_000);
  const reused = signer.sign(ada);
  const long = signer.sign(ada, 600_000);
  await clock.advance(60_000);
  verifier.verify(reused);
  await clock.advance(540_000);
  refused(() => verifier.verify(reused), /expired/);
  verifier.verify(long);
});

test("an expired token is refused, also when it was verified before", async () => {
  const { clock, signer, verifier } = make();
  const token = signer.sign(ada);
  verifier.verify(token);
  await clock.advance(10 * 60_000);
  refused(() => verifier.verify(token), /expired/);
});

test("another environment, another key and a key that was taken back are refused", () => {
  const { signer, verifier, keys } = make();
  const token = signer.sign(ada);
  refused(() => make("production").verifier.verify(token), /environment/);
  refused(() => make("test", [keyPair("k1").publicKey]).verifier.verify(token), /signature/);
  refused(() => make("test", []).verifier.verify(token), /key/);
  verifier.verify(token);
  keys.length = 0;
  refused(() => verifier.verify(token), /key/);
});

test("whatever else is sent is refused as unauthenticated, never as a failure", () => {
  const { signer, verifier } = make();
  const token = signer.sign(ada);
  const [payload, signature] = token.split(".") as [string, string];
  const forged = Buffer.from(
    JSON.stringify({ ...JSON.parse(Buffer.from(payload, "base64url").toString()), sub: "eve" }),
  );
  refused(() => verifier.verify(`${forged.toString("base64url")}.${signature}`), /signature/);
  for (const broken of [
    "",
    ".",
    "a",
    "a.b",
    payload,
    `.${signature}`,
    `${payload}.`,
    "x".repeat(9_000),
  ]) {
    assert.throws(
      () => verifier.verify(broken),
      (error: KerfError) => error.code === "unauthenticated",
    );
  }
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: token.length - 1 }),
      fc.constantFrom(..."AZaz09-_.".split("")),
      (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        if (
          Buffer.from(changed.split(".")[1] ?? "", "base64url").equals(
            Buffer.from(signature, "base64url"),
          ) &&
          changed.startsWith(payload)
        )
          return;
        assert.throws(
          () => verifier.verify(changed),
          (error: KerfError) => error.code === "unauthenticated",
        );
      },
    ),
  );
});

test("claims that are too large to travel with every call are refused where they are signed", () => {
  const { signer } = make();
  assert.throws(
    () => signer.sign({ subject: "ada", claims: { everything: "x".repeat(9_000) } }),
    (error: KerfError) => error.code === "invalid_configuration",
  );
});
