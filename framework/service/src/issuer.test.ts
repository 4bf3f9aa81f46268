import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@kerf/kernel";
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from "jose";
import {
  KeyedTokenIssuer,
  maxTokenLifetimeS,
  refusingIssuer,
  tokenAlgorithm,
  tokenIdentity,
} from "./issuer.ts";

const clock = new ManualClock();
const pair = await generateKeyPair(tokenAlgorithm, { extractable: true });
const key = { ...(await exportJWK(pair.privateKey)), kid: "issuer-1" };
const keys = createLocalJWKSet({
  keys: [{ ...(await exportJWK(pair.publicKey)), kid: "issuer-1" }],
});
const issuer = new KeyedTokenIssuer({ app: "shop", environment: "dev", key, clock });

test("a token says who issued it, for whom it is, who it is about and how long it lives", async () => {
  const token = await issuer.sign({
    subject: "user-1",
    claims: { roles: ["admin"] },
    expiresInS: 60,
  });
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    ...tokenIdentity("shop", "dev"),
    algorithms: [tokenAlgorithm],
    currentDate: new Date(clock.wall() + 59_000),
  });
  assert.deepEqual(protectedHeader, { alg: "EdDSA", typ: "JWT", kid: "issuer-1" });
  const now = clock.wall() / 1000;
  assert.deepEqual(payload, {
    roles: ["admin"],
    iss: "shop",
    aud: "shop:dev",
    sub: "user-1",
    iat: now,
    exp: now + 60,
  });
});

test("a token of another environment is not accepted", async () => {
  const token = await issuer.sign({ subject: "user-1" });
  const currentDate = new Date(clock.wall());
  await assert.rejects(
    jwtVerify(token, keys, { ...tokenIdentity("shop", "production"), currentDate }),
    { code: "ERR_JWT_CLAIM_VALIDATION_FAILED" },
  );
});

test("what no token may say is refused", async () => {
  await assert.rejects(
    issuer.sign({ subject: "a", claims: { exp: 1, iss: "me" } }),
    /the claims exp, iss are the token's own/,
  );
  await assert.rejects(issuer.sign({ subject: "" }), /its subject must be/);
  await assert.rejects(
    issuer.sign({ subject: "a", expiresInS: maxTokenLifetimeS + 1 }),
    /expiresInS must be/,
  );
});

test("a service that does not declare issuer: true cannot sign", async () => {
  await assert.rejects(refusingIssuer("orders", false).sign({ subject: "a" }), {
    code: "invalid_app",
    fix: /issuer: true/,
  });
  await assert.rejects(refusingIssuer("users", true).sign({ subject: "a" }), { code: "not_ready" });
});
