import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { command, contract, event, query, stream } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { jwt, service, session } from "@kerf/service";
import { z } from "zod";
import { fetchHandler } from "./fetch-handler.ts";
import { lambdaHandler } from "./lambda-handler.ts";

const folder = mkdtempSync(join(tmpdir(), "kerf-function-"));
after(() => rmSync(folder, { recursive: true }));
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const keys = {
  keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k", use: "sig", alg: "EdDSA" }],
};
writeFileSync(join(folder, "keys.json"), JSON.stringify(keys));
writeFileSync(join(folder, "salt"), "pepper\n");

const sayings = contract("sayings", {
  version: "1.0.0",
  operations: {
    say: query({
      http: "GET /sayings/{times}",
      access: "public",
      input: z.object({ times: z.int().max(1_000_000) }),
      output: z.object({ text: z.string() }),
    }),
    measure: command({
      http: "POST /texts",
      access: "public",
      input: z.object({ text: z.string() }),
      output: z.object({ length: z.int() }),
    }),
    whoami: query({
      http: "GET /me",
      access: "user",
      input: z.object({}),
      output: z.object({ subject: z.string(), salt: z.string() }),
    }),
    count: stream({
      http: "GET /count",
      access: "public",
      cursor: "n",
      input: z.object({}),
      output: z.object({ n: z.int() }),
    }),
  },
});

/** Told when a stream was left. */
const left = Promise.withResolvers<void>();
const sayingsService = service(sayings, {
  owner: "fixture-team",
  config: z.object({ word: z.string() }),
  secrets: ["salt"],
}).implement({
  say: async ({ config, input }) => ({ text: config.word.repeat(input.times) }),
  measure: async ({ input }) => ({ length: input.text.length }),
  whoami: async ({ principal, secrets }) => ({ subject: principal.subject, salt: secrets.salt }),
  async *count({ signal }) {
    try {
      for (let n = 1; !signal.aborted; n++) {
        yield { n };
        await new Promise(setImmediate);
      }
    } finally {
      left.resolve();
    }
  },
});

const handler = await fetchHandler(sayingsService, {
  config: { word: "ha" },
  secrets: { salt: { file: join(folder, "salt") } },
  directory: folder,
  authentication: [
    jwt({
      issuer: "https://id.example",
      audience: "sayings",
      jwks: { file: "./keys.json" },
      algorithms: ["EdDSA"],
    }),
  ],
  cors: { origins: ["https://www.example.com"] },
  logLevel: "error",
});
after(() => handler.close());

const ask = (path: string, init?: RequestInit): Promise<Response> =>
  handler(new Request(`https://function.example${path}`, init));

function token(subject: string): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    iss: "https://id.example",
    aud: "sayings",
    sub: subject,
    iat: now,
    exp: now + 60,
  };
  const text = `${part({ alg: "EdDSA", kid: "k", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString("base64url")}`;
}

test("a request is validated and answered as at a gateway, problems and pages of other origins included", async () => {
  const said = await ask("/sayings/3", { headers: { origin: "https://www.example.com" } });
  assert.deepEqual([said.status, await said.json()], [200, { text: "hahaha" }]);
  assert.equal(said.headers.get("access-control-allow-origin"), "https://www.example.com");
  assert.equal(said.headers.get("connection"), null);
  const wrong = await ask("/sayings/many");
  assert.equal(wrong.headers.get("content-type"), "application/problem+json");
  const problem = (await wrong.json()) as { status: number; code: string; traceId: string };
  assert.deepEqual([problem.status, problem.code], [400, "invalid_input"]);
  assert.equal(problem.traceId, wrong.headers.get("x-trace-id"));
  assert.equal((await ask("/elsewhere")).status, 404);
  const head = await ask("/sayings/3", { method: "HEAD" });
  assert.deepEqual([head.status, head.body], [200, null]);
});

test("users are who their tokens say; secrets and settings are there", async () => {
  assert.equal((await ask("/me")).status, 401);
  assert.equal((await ask("/me", { headers: { authorization: "Bearer nonsense" } })).status, 401);
  const known = await ask("/me", { headers: { authorization: `Bearer ${token("ada")}` } });
  assert.deepEqual(await known.json(), { subject: "ada", salt: "pepper" });
});

test("large bodies pass in both directions, those that are too large do not", async () => {
  const post = (text: string): Promise<Response> =>
    ask("/texts", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text }),
    });
  assert.deepEqual(await (await post("a".repeat(900_000))).json(), { length: 900_000 });
  assert.equal((await post("a".repeat(1_200_000))).status, 413);
  const { text } = (await (await ask("/sayings/400000")).json()) as { text: string };
  assert.equal(text.length, 800_000);
});

test("a stream is an answer that goes on, and ends for the service when its reader leaves", async () => {
  const leaving = new AbortController();
  const response = await ask("/count", { signal: leaving.signal });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let seen = "";
  while (!seen.includes('"n":1}'))
    seen += Buffer.from((await reader.read()).value ?? []).toString();
  leaving.abort();
  await assert.rejects(async () => {
    while (!(await reader.read()).done);
  });
  await left.promise;
});

test("AWS Lambda: an event of API Gateway is a request, and its answer one of Lambda's", async () => {
  const lambda = lambdaHandler(handler);
  const event = {
    version: "2.0",
    rawPath: "/texts",
    rawQueryString: "",
    headers: { "content-type": "application/json", host: "function.example" },
    requestContext: { domainName: "function.example", http: { method: "POST" } },
    body: Buffer.from('{"text":"four"}').toString("base64"),
    isBase64Encoded: true,
  };
  const answer = await lambda(event);
  assert.deepEqual(
    [answer.statusCode, answer.isBase64Encoded, JSON.parse(answer.body)],
    [200, false, { length: 4 }],
  );
});

test("what needs a program that goes on running is refused, all of it at once, and so is what is not set", async () => {
  const other = contract("other", { version: "1.0.0", operations: {} });
  const told = contract("told", {
    version: "1.0.0",
    operations: {},
    events: { happened: event({ schema: z.object({ id: z.string() }), key: "id" }) },
  });
  const busy = service(told, { owner: "fixture-team", uses: { other }, issuer: true })
    .worker("sweep", { everyMs: 1_000, run: () => Promise.resolve() })
    .implement({});
  const isRefusal = (pattern: RegExp) => (error: unknown) =>
    error instanceof KerfError && pattern.test(`${error.message} ${error.why} ${error.fix}`);
  await assert.rejects(
    fetchHandler(busy),
    isRefusal(/workers: sweep; events.*happened; calls to other.*; the signing of users' tokens/),
  );
  await assert.rejects(fetchHandler(sayingsService), isRefusal(/the secret salt is not set/));
  const oidc = {
    issuer: "https://id.example",
    clientId: "c",
    redirectUrl: "https://x.example/auth/callback",
  };
  await assert.rejects(
    fetchHandler(sayingsService, { authentication: [session({ oidc } as never)] }),
    isRefusal(/cannot take session/),
  );
});
