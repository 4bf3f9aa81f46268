import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { PrincipalSigner } from "@kerf/call";
import type { HttpListener } from "@kerf/call/http";
import { httpClient } from "@kerf/call/browser";
import { operatorHeader, platform, sessionKeyHeader } from "@kerf/control-api";
import { type Clock, systemClock, TimerWheel } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import { listenApi } from "../api/listen.ts";
import type { ApiSurroundings } from "../api/operations.ts";
import { AuditLog } from "../audit/audit-log.ts";
import { publicHalf } from "../resources/keys.ts";
import { TokenStore } from "../tokens/token-store.ts";
import { codeMs, sessionMs, SessionStore } from "./session-store.ts";

const operatorToken = "t".repeat(43);

describe("signing in to the dashboard", () => {
  const state = mkdtempSync(join(tmpdir(), "kerf-dashboard-"));
  let skew = 0;
  const clock: Clock = Object.assign(Object.create(systemClock) as Clock, {
    wall: () => systemClock.wall() + skew,
  });
  const log = new Logger({ level: "error", sink: () => {} });
  const draining = new AbortController();
  const tokens = new TokenStore(state, clock);
  const audit = new AuditLog(join(state, "audit.jsonl"), clock);
  const sessions = new SessionStore(state, clock);
  let api: HttpListener;
  let teamToken: string;

  before(async () => {
    const jwk = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
    const key = { ...jwk, kid: "test" };
    const signer = new PrincipalSigner(key, { environment: "test", clock });
    // The operations that are called here ask no more of what is around them.
    const surroundings = {
      clock,
      tokens,
      audit,
      attached: {},
      unitStops: {},
      unitOf: (service: string) => service,
      placed: () => ({ deployment: { units: { counter: ["counter"], other: ["other"] } } }),
      openDashboard: (holder: Parameters<ApiSurroundings["openDashboard"]>[0]) => {
        const { code, expires } = sessions.issue(holder);
        return { url: `${api.url}/#code=${code}`, expires };
      },
    } as unknown as ApiSurroundings;
    api = await listenApi({
      port: 0,
      token: operatorToken,
      environment: "test",
      surroundings,
      sessions,
      principalKey: publicHalf(key),
      signPrincipal: (principal) => signer.sign(principal),
      clock,
      wheel: new TimerWheel(clock),
      log,
      draining: draining.signal,
    });
    teamToken = await tokens.add({ name: "team", services: ["counter"], by: "ada" });
  });
  after(async () => {
    draining.abort();
    await api.close();
    rmSync(state, { recursive: true });
  });

  /** A request as it is; `fetch` would set some of its headers itself. */
  function send(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: unknown,
  ): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: never }> {
    return new Promise((resolve, reject) => {
      const sent = request(
        `${api.url}${path}`,
        { method, headers: { "content-type": "application/json", ...headers } },
        (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => (text += chunk.toString()));
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: (text === "" ? undefined : JSON.parse(text)) as never,
            }),
          );
        },
      );
      sent.once("error", reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async function link(token = operatorToken, user = "ada"): Promise<string> {
    const headers = { authorization: `Bearer ${token}`, [operatorHeader]: user };
    const client = httpClient(platform, { baseUrl: api.url, headers: () => headers });
    const { url } = await client.openDashboard({});
    return /#code=(.+)$/.exec(url)?.[1] ?? "";
  }

  /** The headers of a session that was just begun. */
  async function signedIn(token?: string): Promise<Record<string, string>> {
    const answer = await send("POST", "/session", {}, { code: await link(token) });
    assert.equal(answer.status, 200);
    const [cookie = ""] = (answer.headers["set-cookie"] as string[]) ?? [];
    const { key } = answer.body as { key: string };
    return { cookie: cookie.split(";")[0] ?? "", [sessionKeyHeader]: key };
  }

  const audited = (headers: Record<string, string>) => send("GET", "/api/audit", headers);

  test("a link signs in once, into a cookie that no script and no other site gets", async () => {
    const code = await link();
    const first = await send("POST", "/session", {}, { code });
    const [cookie = ""] = first.headers["set-cookie"] as string[];
    assert.match(
      cookie,
      new RegExp(
        `^kerf-session-${api.port}=[\\w-]{43}; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict$`,
      ),
    );
    const again = await send("POST", "/session", {}, { code });
    assert.equal(again.status, 401);
    assert.match((again.body as { detail: string }).detail, /signs in no more/);
  });

  test("whoever is signed in acts as who asked for the link, on record too", async () => {
    const headers = await signedIn();
    assert.equal((await audited(headers)).status, 200);
    const session = await send("GET", "/session", headers);
    assert.equal((session.body as { user: string }).user, "ada");
    await tokens.add({ name: "gone", services: ["counter"], by: "ada" });
    assert.equal((await send("DELETE", "/api/tokens/gone", headers)).status, 200);
    const entry = audit.read({ limit: 1 }).at(-1);
    assert.deepEqual([entry?.action, entry?.by], ["removeToken", "ada"]);
  });

  test("the cookie alone is worth nothing, nor is the key", async () => {
    const { cookie = "", [sessionKeyHeader]: key = "" } = await signedIn();
    const other = await signedIn();
    for (const headers of [
      { cookie },
      { [sessionKeyHeader]: key },
      { cookie, [sessionKeyHeader]: other[sessionKeyHeader] ?? "" },
      { cookie: cookie.replace(/=.*/, "=x"), [sessionKeyHeader]: key },
      { cookie: cookie.replace(`${api.port}`, "1"), [sessionKeyHeader]: key },
    ])
      assert.equal((await audited(headers)).status, 401, JSON.stringify(headers));
  });

  test("what another page sends is refused, whatever comes with it", async () => {
    const headers = await signedIn();
    const code = await link();
    const same = { "sec-fetch-site": "same-origin", origin: api.url };
    assert.equal((await audited({ ...headers, ...same })).status, 200);
    for (const foreign of [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "none" },
      { origin: "http://evil.example" },
      { origin: `http://localhost:${api.port + 1}` },
      { host: `evil.example:${api.port}` },
    ] as Record<string, string>[]) {
      const what = JSON.stringify(foreign);
      assert.equal((await audited({ ...headers, ...foreign })).status, 403, what);
      assert.equal((await send("POST", "/session", foreign, { code })).status, 403, what);
    }
    assert.equal((await send("POST", "/session", same, { code })).status, 200);
  });

  test("a session of a narrowed token may do what that may, as long as there is that token", async () => {
    const headers = await signedIn(teamToken);
    assert.equal((await audited(headers)).status, 200);
    const refused = await send("POST", "/api/units/other/restart", headers, { change: "d-1234" });
    assert.equal((refused.body as { data: { code: string } }).data.code, "forbidden");
    const entry = audit.read({ limit: 1 }).at(-1);
    assert.deepEqual([entry?.action, entry?.token], ["restart", "team"]);

    await tokens.remove("team");
    assert.equal((await audited(headers)).status, 401);
    // Another token of that name is another token.
    skew += 1_000;
    await tokens.add({ name: "team", services: ["counter"], by: "ada" });
    assert.equal((await audited(headers)).status, 401);
  });

  test("a code is short-lived, and only the newest are outstanding", async () => {
    const old = await link();
    skew += codeMs;
    assert.equal((await send("POST", "/session", {}, { code: old })).status, 401);
    const first = await link();
    for (let more = 0; more < 16; more++) await link();
    assert.equal((await send("POST", "/session", {}, { code: first })).status, 401);
    for (const body of [{}, { code: 7 }, { code: "" }, { code: "x".repeat(2_000) }])
      assert.equal((await send("POST", "/session", {}, body)).status, 400);
  });

  test("a session outlives the platform's process, and neither its time nor signing out", async () => {
    const { cookie = "", ...key } = await signedIn();
    const value = cookie.split("=")[1] ?? "";
    const next = new SessionStore(state, clock);
    assert.equal(next.find(value, key[sessionKeyHeader] ?? "")?.user, "ada");
    skew += sessionMs;
    assert.equal((await audited({ cookie, ...key })).status, 401);

    const headers = await signedIn();
    const out = await send("DELETE", "/session", headers);
    assert.match((out.headers["set-cookie"] as string[])[0] ?? "", /Max-Age=0/);
    assert.equal((await audited(headers)).status, 401);
  });
});
