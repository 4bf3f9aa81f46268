import assert from "node:assert/strict";
import { test } from "node:test";
import { apiKeys } from "./api-keys.ts";
import { type AuthenticationMethod, authenticationProblems } from "./authentication.ts";
import { clientCertificates } from "./client-certificates.ts";
import { jwt } from "./jwt.ts";
import { session } from "./session.ts";
import { tokens } from "./tokens.ts";

const issuer = "https://issuer.example/";
const good = {
  issuer,
  audience: "api",
  jwks: { url: "https://issuer.example/jwks.json" },
  algorithms: ["RS256"],
} as const;
const oidc = { issuer, clientId: "web" };

function problems(...methods: unknown[]): string[] {
  return authenticationProblems(methods as AuthenticationMethod[]);
}

test("what can be used has no problems, and is plain JSON", () => {
  const methods = [
    tokens(),
    jwt({ ...good, prefix: "issuer:", claims: ["role"] }),
    jwt({
      ...good,
      issuer: "https://other.example",
      jwks: { file: "./jwks.json" },
      prefix: "other:",
    }),
    apiKeys({ file: "keys.json" }),
    apiKeys({ file: "keys.json", header: "authorization" }),
    // The same issuer's users are the same users.
    session({
      oidc,
      origin: "https://shop.example",
      prefix: "issuer:",
      cookie: { name: "shop", idleMs: 60_000 },
    }),
    clientCertificates({ caFile: "ca.pem", subject: "commonName", prefix: "machine:" }),
  ];
  assert.deepEqual(authenticationProblems(methods), []);
  assert.deepEqual(JSON.parse(JSON.stringify(methods)), methods);
  assert.deepEqual(authenticationProblems(undefined), []);
  assert.deepEqual(problems(session({ oidc: { ...oidc, issuer: "http://localhost:9000" } })), []);
});

test("an algorithm with which a public key could pass for a secret cannot be named", () => {
  for (const name of ["none", "HS256", "HS384", "HS512", "RS1", "rs256", "dir", ""]) {
    const [problem] = problems(jwt({ ...good, algorithms: ["RS256", name as "RS256"] }));
    assert.match(problem ?? "", /^authentication\[0\]\.algorithms: /, name);
  }
  assert.match(problems(jwt({ ...good, algorithms: [] }))[0] ?? "", /algorithms: must be a list/);
});

test("everything that is wrong is named with its place", () => {
  const cases: readonly [unknown, RegExp][] = [
    [undefined, /^authentication\[0\]\.method: is none; make it with tokens\(\)/],
    [{ method: "magic" }, /method: is none/],
    [{ method: "jwt" }, /issuer: is missing/],
    [jwt({ ...good, audience: "" }), /audience: must be a text/],
    [jwt({ ...good, jwks: {} as { file: string } }), /jwks: must be \{ url \} or \{ file \}/],
    [jwt({ ...good, jwks: { url: "http://issuer.example/" } }), /jwks\.url: must be https/],
    [jwt({ ...good, jwks: { url: "http://localhost.example/" } }), /jwks\.url: must be https/],
    [jwt({ ...good, jwks: { url: "https://a:b@issuer.example/" } }), /jwks\.url: holds a password/],
    [jwt({ ...good, jwks: { url: "file:///etc/passwd" } }), /jwks\.url: must be https/],
    [{ ...jwt(good), algorithm: "RS256" }, /algorithm: is no field; there are method, issuer,/],
    [apiKeys({ file: "" }), /file: must be a text/],
    [apiKeys({ file: "x", header: "cookie" }), /header: cookie has a meaning of its own/],
    [apiKeys({ file: "x", header: "X Key" }), /header: must be the name of a header/],
    [clientCertificates({ caFile: "x", subject: "dns" as "uri" }), /subject: must be "uri"/],
    [{ method: "session" }, /oidc: is missing/],
    [
      session({ oidc: { ...oidc, issuer: "http://issuer.example" } }),
      /oidc\.issuer: must be https/,
    ],
    [session({ oidc: { ...oidc, secret: "x" } as typeof oidc }), /oidc\.secret: is no field/],
    [
      session({ oidc, origin: "https://shop.example/" }),
      /origin: must be https:\/\/shop\.example, with/,
    ],
    [session({ oidc, origin: "http://shop.example" }), /origin: must be https/],
    [session({ oidc, cookie: { name: "a;b" } }), /cookie\.name: takes/],
    [session({ oidc, cookie: { idleMs: 1 } }), /cookie\.idleMs: must be whole milliseconds/],
  ];
  for (const [method, expected] of cases) {
    const [problem, ...others] = problems(method);
    assert.match([problem, ...others].join("\n"), expected);
  }
  assert.match(problems(...Array.from({ length: 17 }, tokens))[0] ?? "", /at most 16 methods/);
});

test("two methods cannot take the same credentials, nor two authorities name the same user", () => {
  assert.deepEqual(problems(apiKeys({ file: "a" }), apiKeys({ file: "b" })), [
    "authentication: two methods take API keys in the header x-api-key",
  ]);
  assert.match(
    problems(jwt(good), jwt({ ...good, prefix: "x" }))[0] ?? "",
    /two methods take tokens of the issuer/,
  );
  assert.match(
    problems(tokens(), jwt(good)).join(),
    /the app's own issuer and https:\/\/issuer\.example\/ could both name the same user; give one of them a prefix/,
  );
  assert.match(problems(jwt(good), clientCertificates({ caFile: "ca.pem" })).join(), /prefix/);
});
