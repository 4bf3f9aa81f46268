import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { PrincipalSigner, PrincipalVerifier, type PublicKey } from "@kerf/call";
import { ManualClock } from "@kerf/kernel";
import { importJWK, SignJWT } from "jose";
import { keyPair } from "../testing/platform.ts";
import { silentLogger } from "@kerf/telemetry";
import { Methods } from "./methods.ts";

const identity = { iss: "shop", aud: "shop:test" };

function setUp() {
  const clock = new ManualClock();
  const issuer = keyPair("issuer-1");
  const gateway = keyPair("gateway-1");
  let keys: readonly PublicKey[] = [issuer.public];
  const authentication = new Methods({
    app: "shop",
    environment: "test",
    directory: import.meta.dirname,
    issuerKeys: () => keys,
    signer: new PrincipalSigner(gateway.private, { environment: "test", clock }),
    secret: Buffer.alloc(32),
    clock,
    log: silentLogger,
  }).authentication({});
  const now = (): number => Math.floor(clock.wall() / 1_000);
  return {
    clock,
    issuer,
    now,
    verifier: new PrincipalVerifier(() => [gateway.public], { environment: "test", clock }),
    useKeys: (...next: PublicKey[]): void => void (keys = next),
    identify: async (authorization?: string) =>
      await authentication.identify(
        { headers: { authorization } } as unknown as IncomingMessage,
        false,
        undefined as never,
      ),
    sign: async (
      claims: Record<string, unknown> = {},
      header: Record<string, unknown> = {},
      key: Record<string, unknown> = issuer.private,
    ): Promise<string> =>
      new SignJWT({ ...identity, sub: "ada", iat: now(), exp: now() + 600, ...claims })
        .setProtectedHeader({ alg: "EdDSA", typ: "JWT", kid: "issuer-1", ...header })
        .sign(await importJWK(key, "EdDSA"), { crit: { x: true } }),
  };
}

test("a token of the issuer becomes a principal that services can verify", async () => {
  const { identify, sign, verifier } = setUp();
  assert.deepEqual(await identify(undefined), {});
  const token = await sign({ role: "editor", jti: "1" });
  const { principal, principalToken } = await identify(`Bearer ${token}`);
  assert.deepEqual(principal, { subject: "ada", claims: { role: "editor" } });
  assert.deepEqual(verifier.verify(principalToken as string), principal);
  assert.equal((await identify(`bearer  ${token}`)).principalToken, principalToken);
});

test("everything else is refused", async () => {
  const { identify, issuer, now, sign } = setUp();
  const stranger = keyPair("issuer-1");
  const good = await sign();
  const [head, body, signature] = good.split(".") as [string, string, string];
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const payload = { ...identity, sub: "ada", iat: now(), exp: now() + 600 };
  const hmacHead = part({ alg: "HS256", typ: "JWT", kid: "issuer-1" });
  const hmac = createHmac("sha256", Buffer.from(String(issuer.public["x"]), "base64url"))
    .update(`${hmacHead}.${part(payload)}`)
    .digest("base64url");
  const cases: Record<string, string> = {
    "no algorithm": `${part({ alg: "none", typ: "JWT", kid: "issuer-1" })}.${part(payload)}.`,
    "no signature": `${head}.${body}.`,
    "the public key as a secret": `${hmacHead}.${part(payload)}.${hmac}`,
    "a stranger's key under the issuer's id": await sign({}, {}, stranger.private),
    "a key in the token itself": await sign(
      {},
      { kid: "x", jwk: stranger.public },
      stranger.private,
    ),
    "an unknown key": await sign({}, { kid: "issuer-2" }),
    "another user": `${head}.${part({ ...payload, sub: "root" })}.${signature}`,
    "a changed head": `${part({ alg: "EdDSA", typ: "JWT", kid: "issuer-1", x: 1 })}.${body}.${signature}`,
    "another environment": await sign({ aud: "shop:production" }),
    "another app": await sign({ aud: "shop:test", iss: "blog" }),
    "no audience": await sign({ aud: undefined }),
    "no issuer": await sign({ iss: undefined }),
    "no user": await sign({ sub: undefined }),
    "an empty user": await sign({ sub: "" }),
    "no end": await sign({ exp: undefined }),
    "no beginning": await sign({ iat: undefined }),
    "not yet": await sign({ nbf: now() + 60 }),
    expired: await sign({ exp: now() - 31 }),
    "no JWT": await sign({}, { typ: "at+jwt" }),
    "an unknown critical header": await sign({}, { crit: ["x"], x: 1 }),
    "no token": "abc",
    nothing: "",
  };
  for (const [name, token] of Object.entries(cases)) {
    await assert.rejects(identify(`Bearer ${token}`), { code: "unauthenticated" }, name);
  }
  for (const header of [
    "",
    "Basic YTpi",
    `Token ${good}`,
    `Bearer ${good}, Bearer ${good}`,
    good,
  ]) {
    await assert.rejects(identify(header), { code: "unauthenticated" }, header);
  }
  await identify(`Bearer ${good}`);
});

test("clocks may be 30 seconds apart, and no more", async () => {
  const { identify, now, sign } = setUp();
  await identify(`Bearer ${await sign({ exp: now() - 29 })}`);
  await identify(`Bearer ${await sign({ nbf: now() + 29 })}`);
});

test("a verified token is trusted for a minute, until it expires, and while its key stands", async () => {
  const { clock, identify, issuer, now, sign, useKeys, verifier } = setUp();
  const long = `Bearer ${await sign({ exp: now() + 3_600 })}`;
  const first = await identify(long);
  assert.equal(await identify(long), first);
  await clock.advance(59_999);
  assert.equal(await identify(long), first);
  // Long enough for a call that begins now and uses up its whole deadline.
  await clock.advance(15_000);
  assert.equal(verifier.verify(first.principalToken as string).subject, "ada");
  assert.notEqual(await identify(long), first);

  const short = `Bearer ${await sign({ exp: now() + 10 })}`;
  await identify(short);
  await clock.advance(41_000);
  await assert.rejects(identify(short), { code: "unauthenticated", message: /expired/ });

  // The same keys in a new placement change nothing; a key that is gone takes its tokens with it.
  const again = await identify(long);
  useKeys({ ...issuer.public });
  assert.equal(await identify(long), again);
  useKeys(keyPair("issuer-2").public);
  await assert.rejects(identify(long), { code: "unauthenticated" });
});
