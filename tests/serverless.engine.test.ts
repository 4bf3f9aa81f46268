import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { migrate, provisionService } from "@kerf/data";
import { startTemporaryServer, type TemporaryServer } from "@kerf/data/embedded";
import { systemSchema } from "@kerf/service";
import { OtlpSink } from "@kerf/telemetry/testing";

const example = new URL("../docs/guides/examples/links/", import.meta.url);
const loader = fileURLToPath(new URL("serverless/function-process.mjs", import.meta.url));

describe(
  "the guide's function, in a process as a platform of functions has it",
  { timeout: 120_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), "kerf-links-"));
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    let server: TemporaryServer;
    let sink: OtlpSink;

    before(async () => {
      [server, sink] = await Promise.all([startTemporaryServer(), OtlpSink.listen()]);
      const passwords = { owner: "owner-password", app: "app-password" };
      const { app, owner } = await provisionService(
        server.server.database,
        { service: "links", passwords, connections: { app: 4 } },
        { systemSchema },
      );
      await migrate(owner, fileURLToPath(new URL("migrations", example)), systemSchema);
      const place = `host=${encodeURIComponent(app.host)}&port=${app.port}`;
      const url = `postgres://${app.user}:${app.password}@localhost/${app.database}?${place}`;
      writeFileSync(join(folder, "database"), url, { mode: 0o600 });
      const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k", use: "sig", alg: "ES256" };
      writeFileSync(join(folder, "keys.json"), JSON.stringify({ keys: [jwk] }));
    });
    after(async () => {
      await sink?.close();
      await server?.stop();
      rmSync(folder, { recursive: true });
    });

    function token(subject: string): string {
      const part = (value: unknown): string =>
        Buffer.from(JSON.stringify(value)).toString("base64url");
      const now = Math.floor(Date.now() / 1_000);
      const claims = {
        iss: "https://id.example.com",
        aud: "links",
        sub: subject,
        iat: now,
        exp: now + 60,
      };
      const text = `${part({ alg: "ES256", kid: "k", typ: "JWT" })}.${part(claims)}`;
      const key = { key: privateKey, dsaEncoding: "ieee-p1363" as const };
      return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`;
    }

    test("a command is one transaction with its record, a query reads it, traces have left, and it starts quickly", async () => {
      const begun = performance.now();
      const child = spawn(
        process.execPath,
        ["--conditions=kerf-source", loader, new URL("function.ts", example).href],
        {
          stdio: ["pipe", "inherit", "pipe"],
          env: {
            PATH: process.env["PATH"],
            NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
            LINKS_DATABASE_FILE: join(folder, "database"),
            LINKS_KEYS_FILE: join(folder, "keys.json"),
            OTLP_ENDPOINT: sink.endpoint,
          },
        },
      );
      const exited = once(child, "exit");
      const lines = createInterface(child.stderr)[Symbol.asyncIterator]();
      const ask = async (
        path: string,
        init: object = {},
      ): Promise<{ status: number; body: any }> => {
        child.stdin.write(`${JSON.stringify({ url: `https://links.example${path}`, ...init })}\n`);
        const { value } = await lines.next();
        const { body, status } = JSON.parse(value as string) as { status: number; body: string };
        return { status, body: JSON.parse(body) };
      };
      const headers = {
        authorization: `Bearer ${token("ada")}`,
        "content-type": "application/json",
        "idempotency-key": "once",
        // A trace that its client records.
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      };
      const post = { method: "POST", headers, body: '{"code":"saw","url":"https://saw.example/"}' };
      try {
        assert.equal((await ask("/links/saw")).status, 404);
        const coldMs = performance.now() - begun;
        const added = await ask("/links", post);
        assert.deepEqual(added, {
          status: 201,
          body: { code: "saw", url: "https://saw.example/" },
        });
        // The same request again is the same answer, not a name that is taken.
        assert.deepEqual(await ask("/links", post), added);
        const other = { ...post, headers: { ...headers, "idempotency-key": "another" } };
        assert.equal((await ask("/links", other)).body.code, "taken");
        const warm = performance.now();
        assert.equal((await ask("/links/saw")).status, 200);
        const warmMs = performance.now() - warm;
        const { spans } = sink;
        assert.ok(
          spans.some(({ traceId }) => traceId === "0af7651916cd43dd8448eb211c80319c"),
          `${spans.length} spans`,
        );
        console.log(
          `cold start, from the start of Node to the first answer with a database: ${Math.round(coldMs)} ms; warm: ${warmMs.toFixed(1)} ms`,
        );
      } finally {
        child.stdin.end();
        await exited;
      }
      assert.equal(child.exitCode, 0);
    });
  },
);
