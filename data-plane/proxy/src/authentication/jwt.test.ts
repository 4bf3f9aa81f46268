import assert from "node:assert/strict";
import { createHmac, type KeyObject, generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Clock, systemClock } from "@kerf/kernel";
import { jwt, tokens } from "@kerf/service";
import { silentLogger } from "@kerf/telemetry";
import { startGatewayWith } from "../testing/gateway.ts";
import { RemoteKeys } from "./remote-keys.ts";

const issuer = "https://issuer.example/";
const audience = "https://shop.example/api";

interface Signer {
  readonly jwk: Record<string, unknown>;
  readonly pem: string;
  readonly key: KeyObject;
}

function rsa(kid: string): Signer {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" };
  return { jwk, pem: publicKey.export({ format: "pem", type: "spki" }) as string, key: privateKey };
}

function part(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return Buffer.from(text).toString("base64url");
}

/** A token with any header and payload, whole texts too, signed with RS256 whatever the header says. */
function token(key: KeyObject, header: unknown, payload: unknown): string {
  const text = `${part(header)}.${part(payload)}`;
  return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`;
}

/** A server that answers with what `answer` gives, and counts. */
async function serve(
  t: TestContext,
  answer: () => string | undefined,
): Promise<{ url: string; count: () => number; server: Server }> {
  let count = 0;
  const server = createServer((_, response) => {
    count++;
    const text = answer();
    if (text === undefined) response.writeHead(500).end();
    else response.writeHead(200, { "content-type": "application/json" }).end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    count: () => count,
    server,
  };
}

const one = rsa("one");
const two = rsa("two");
const stranger = rsa("one");

function claims(more: object = {}): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1_000);
  return { iss: issuer, aud: audience, sub: "ada", iat: now, exp: now + 600, ...more };
}

const head = { alg: "RS256", typ: "JWT", kid: "one" };

async function ask(url: string, bearer: string, path = "/notes/mine"): Promise<Response> {
  return fetch(url + path, { headers: { authorization: `Bearer ${bearer}` } });
}

test("tokens of another issuer hold beside the app's own, each with its own users", async (t) => {
  const jwks = await serve(t, () => JSON.stringify({ keys: [one.jwk] }));
  const { platform, url } = await startGatewayWith(t, () => ({
    authentication: [
      tokens(),
      jwt({
        issuer,
        audience,
        jwks: { url: jwks.url },
        algorithms: ["RS256"],
        claims: ["role"],
        prefix: "partner:",
      }),
    ],
  }));
  const partner = await ask(url, token(one.key, head, claims({ role: "editor", email: "a@b.c" })));
  assert.deepEqual(await partner.json(), { subject: "partner:ada", claims: { role: "editor" } });
  const access = token(one.key, { ...head, typ: "at+JWT" }, claims({ aud: ["other", audience] }));
  assert.equal((await ask(url, access)).status, 200);
  const own = await ask(url, await platform.issuer.sign({ subject: "ada" }));
  assert.deepEqual(await own.json(), { subject: "ada", claims: {} });
  assert.equal(jwks.count(), 1, "keys are fetched once");
});

test("forged tokens are refused, and nobody is asked where they say", async (t) => {
  const attacker = await serve(t, () => JSON.stringify({ keys: [stranger.jwk] }));
  const { platform, url } = await startGatewayWith(t, ({ directory }) => {
    const file = join(directory, "jwks.json");
    const secret = { kty: "oct", k: part("secret"), kid: "secret", alg: "HS256" };
    writeFileSync(file, JSON.stringify({ keys: [one.jwk, secret] }));
    return {
      authentication: [
        tokens(),
        jwt({ issuer, audience, jwks: { file }, algorithms: ["RS256", "PS256"], prefix: "x:" }),
      ],
    };
  });
  const now = Math.floor(Date.now() / 1_000);
  const good = token(one.key, head, claims());
  const [goodHead, goodBody, goodSignature] = good.split(".") as [string, string, string];
  const hmac = (key: string | Buffer, kid = "one"): string => {
    const text = `${part({ alg: "HS256", typ: "JWT", kid })}.${part(claims())}`;
    return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
  };
  const forged = (header: object, payload: unknown = claims()): string =>
    token(stranger.key, { ...head, ...header }, payload);
  const signed = (payload: unknown, header: object = {}): string =>
    token(one.key, { ...head, ...header }, payload);
  const { kid: _, ...own } = platform.issuerKey.public;
  const cases: Record<string, string> = {
    "alg none": `${part({ ...head, alg: "none" })}.${goodBody}.`,
    "alg None with the signature": `${part({ ...head, alg: "None" })}.${goodBody}.${goodSignature}`,
    "no alg": signed(claims(), { alg: undefined }),
    "the public key in PEM as a secret": hmac(one.pem),
    "the modulus as a secret": hmac(Buffer.from(String(one.jwk["n"]), "base64url")),
    "an empty secret": hmac(""),
    "a symmetric key of the set": hmac("secret", "secret"),
    "kid of a path": forged({ kid: "../../../../../../dev/null" }),
    "kid of SQL": forged({ kid: "one' UNION SELECT 'key" }),
    "kid of a prototype": forged({ kid: "__proto__" }),
    "kid that is no text": forged({ kid: { $ne: "" } }),
    "kid of the app's own key": signed(claims(), { kid: String(platform.issuerKey.public["kid"]) }),
    "a stranger's signature": forged({}),
    "a stranger's key inside": forged({ kid: undefined, jwk: stranger.jwk }),
    "a stranger's key inside under a known id": forged({ jwk: stranger.jwk }),
    "jku of a stranger": forged({ kid: "x", jku: attacker.url }),
    "jku of a stranger under a known id": forged({ jku: attacker.url }),
    "x5u of a stranger": forged({ x5u: attacker.url }),
    "x5c of a stranger": forged({ x5c: [part("certificate")] }),
    "another algorithm of the list": signed(claims(), { alg: "PS256" }),
    "an algorithm that is not listed": signed(claims(), { alg: "RS512" }),
    "an unknown critical extension": signed(claims(), { crit: ["x"], x: 1 }),
    "b64 as a critical extension": signed(claims(), { crit: ["b64"], b64: false }),
    "an extension that changes nothing": signed(claims(), { crit: ["b64"], b64: true }),
    expired: signed(claims({ exp: now - 31 })),
    "not yet valid": signed(claims({ nbf: now + 60 })),
    "from the future": signed(claims({ iat: now + 60 })),
    "an end that is a text": signed(claims({ exp: String(now + 600) })),
    "an end that is no number": signed(
      JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":1e999'),
    ),
    "no end": signed(claims({ exp: undefined })),
    "no beginning": signed(claims({ iat: undefined })),
    "no user": signed(claims({ sub: undefined })),
    "a user that is a number": signed(claims({ sub: 1 })),
    "another audience": signed(claims({ aud: "https://shop.example" })),
    "no audience": signed(claims({ aud: undefined })),
    "an audience that only begins so": signed(claims({ aud: `${audience}/x` })),
    "another issuer": signed(claims({ iss: "https://issuer.example" })),
    "the app's own issuer": signed(claims({ iss: "front", aud: "front:test" })),
    "a claim twice": signed(JSON.stringify(claims()).replace("{", '{"sub":"root",')),
    "a claim twice, once escaped": signed(
      JSON.stringify(claims()).replace("{", '{"s\\u0075b":"root",'),
    ),
    "a header twice": token(
      one.key,
      '{"alg":"none","alg":"RS256","typ":"JWT","kid":"one"}',
      claims(),
    ),
    "a list of claims": signed([claims()]),
    "no JSON": signed("ada"),
    "a byte order mark": signed(`\u{feff}${JSON.stringify(claims())}`),
    "an ID token of another type": signed(claims(), { typ: "logout+jwt" }),
    "no type": signed(claims(), { typ: undefined }),
    "bytes after the signature": `${good}AA`,
    "padding after the signature": `${good}==`,
    "another spelling of the signature": `${good.slice(0, -1)}${respelled(good.at(-1) as string)}`,
    "a fourth part": `${good}.AA`,
    "an empty part": `${goodHead}..${goodSignature}`,
    "an encrypted one": `${part({ alg: "dir", enc: "A256GCM" })}..${part("iv")}.${goodBody}.${part("tag")}`,
    "a huge one": signed(claims({ x: "y".repeat(8_000) })),
    "a huge one with a stranger's key": forged({ jwk: { ...own, x: "y".repeat(9_000) } }),
  };
  for (const [name, bearer] of Object.entries(cases)) {
    for (const path of ["/notes/mine", "/notes"]) {
      const response = await ask(url, bearer, path);
      assert.equal(response.status, 401, name);
      assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer error="invalid_token"/);
    }
  }
  assert.equal(attacker.count(), 0, "a token's own word on where its key lies");
  assert.equal((await ask(url, good)).status, 200);
});

test("keys that an issuer changes are followed, in bounds; when it is away the last good ones stay", async (t) => {
  let ahead = 0;
  const clock: Clock = {
    now: () => systemClock.now() + ahead,
    wall: () => systemClock.wall(),
    after: (ms, fn) => systemClock.after(ms, fn),
  };
  let keys: unknown[] | undefined;
  const jwks = await serve(t, () => (keys === undefined ? undefined : JSON.stringify({ keys })));
  const source = new RemoteKeys(jwks.url, { clock, log: silentLogger });
  await assert.rejects(async () => source.current(), { code: "unavailable" });
  await assert.rejects(async () => source.current(), { code: "unavailable" });
  assert.equal(jwks.count(), 1, "not again within a second");
  ahead += 1_000;
  keys = [one.jwk];
  const first = await source.current();
  assert.equal(jwks.count(), 2);

  // A key that nobody knows: looked for once in 30 s, however many tokens name one.
  keys = [one.jwk, two.jwk];
  await Promise.all(Array.from({ length: 20 }, () => source.renew()));
  assert.equal(jwks.count(), 2);
  ahead += 30_000;
  await Promise.all(Array.from({ length: 20 }, () => source.renew()));
  assert.equal(jwks.count(), 3);
  const second = await source.current();
  assert.notEqual(second, first);

  // Away, then broken, then too large, then with a private key: the last good ones stay.
  for (const answer of [
    undefined,
    [],
    [{ kty: "oct", k: "x" }],
    [{ ...two.jwk, x: "y".repeat(300_000) }],
    [{ ...two.jwk, d: "x" }],
  ]) {
    keys = answer;
    ahead += 600_000;
    assert.equal(source.current(), second, "nobody waits for a fetch while there are keys");
    await source.renew();
    assert.equal(source.current(), second);
  }
  assert.equal(jwks.count(), 8);
});

/** The next letter of base64url: of the last one in a signature of 256 bytes only the upper bits count. */
function respelled(letter: string): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return letters[letters.indexOf(letter) + 1] as string;
}
