import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Problem } from "@kerf/call/http";
import { type Clock, systemClock } from "@kerf/kernel";
import { type SessionOptions, session, tokens } from "@kerf/service";
import { startGatewayWith, type SetUpGateway } from "../../testing/gateway.ts";
import { oidcClient, TestBrowser, TestProvider } from "../../testing/oidc.ts";

interface Front extends SetUpGateway {
  readonly provider: TestProvider;
  readonly browser: TestBrowser;
  /** Moves the wall clock of the gateway, milliseconds. */
  readonly later: (ms: number) => void;
}

async function front(
  t: TestContext,
  options: { accessTokenS?: number; settings?: Partial<SessionOptions> } = {},
): Promise<Front> {
  const provider = await TestProvider.start(t);
  let ahead = 0;
  const clock: Clock = {
    now: () => systemClock.now(),
    wall: () => systemClock.wall() + ahead,
    after: (ms, fn) => systemClock.after(ms, fn),
  };
  const gateway = await startGatewayWith(
    t,
    ({ directory }) => {
      const file = join(directory, "client-secret");
      writeFileSync(file, `${oidcClient.clientSecret}\n`, { mode: 0o600 });
      const oidc = {
        issuer: provider.issuer,
        clientId: oidcClient.clientId,
        clientSecretFile: file,
        scopes: ["profile"],
      };
      return {
        authentication: [tokens(), session({ oidc, prefix: "people:", ...options.settings })],
      };
    },
    clock,
  );
  await provider.serve(gateway.url, options.accessTokenS);
  return { ...gateway, provider, browser: new TestBrowser(), later: (ms) => void (ahead += ms) };
}

async function problemOf(response: Response): Promise<[number, string]> {
  const { detail = "" } = (await response.json()) as Problem;
  return [response.status, detail];
}

test("a user signs in at the provider, and is known from then on", async (t) => {
  const { browser, lines, url } = await front(t);
  assert.deepEqual(await (await browser.fetch(`${url}/auth/session`)).json(), { signedIn: false });
  const { url: end, response } = await browser.visit(
    `${url}/auth/login?returnTo=/notes/mine%3Fx=1`,
  );
  assert.equal(end, `${url}/notes/mine?x=1`);
  assert.deepEqual(await response.json(), { subject: "people:ada", claims: { name: "Ada" } });
  assert.deepEqual([...browser.cookies(url).keys()], ["session"], "the login's cookie is gone");
  const described = (await (await browser.fetch(`${url}/auth/session`)).json()) as Record<
    string,
    unknown
  >;
  assert.equal(described["subject"], "people:ada");
  assert.ok(Date.parse(String(described["endsAt"])) > Date.now());
  const secrets = [
    browser.cookies(url).get("session"),
    oidcClient.clientSecret,
    described["csrfToken"],
  ];
  for (const secret of secrets) {
    assert.ok(!JSON.stringify(lines).includes(String(secret)), "no line of the log holds a secret");
  }
});

test("a login ends in this browser, once, and at a path of this site", async (t) => {
  const { browser, provider, url } = await front(t);
  for (const to of [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/%5C..//evil.example\\",
    "/\tevil",
    "javascript:alert(1)",
    "notes",
    "/./auth/login",
    "/x/..//evil.example",
    `/${"x".repeat(1_000)}`,
  ]) {
    const response = await browser.fetch(`${url}/auth/login?returnTo=${encodeURIComponent(to)}`);
    assert.deepEqual(await problemOf(response), [400, "returnTo leads away from here."], to);
  }

  // A callback that another browser was given, and one for another login of this browser.
  const { url: callback } = await browser.visit(`${url}/auth/login`, `${url}/auth/callback`);
  const stranger = await new TestBrowser().fetch(callback);
  assert.deepEqual(await problemOf(stranger), [401, "No login of this browser is under way."]);
  const mixed = new URL(callback);
  mixed.searchParams.set("state", "another");
  const other = new TestBrowser();
  await other.visit(`${url}/auth/login`, `${url}/auth/callback`);
  assert.equal((await other.fetch(mixed.href)).status, 401);
  assert.equal(other.cookies(url).size, 0);

  const kept = new Map(browser.cookies(url));
  const response = await browser.fetch(callback);
  assert.deepEqual([response.status, response.headers.get("location")], [303, "/"]);
  // The code was for one use: the provider says no, and takes back what it gave for it.
  for (const [name, value] of kept) browser.cookies(url).set(name, value);
  assert.equal((await browser.fetch(callback)).status, 401);

  // What the login's cookie holds is no session.
  const [[, login] = []] = kept;
  const headers = { cookie: `session=${login}` };
  assert.equal((await fetch(`${url}/notes/mine`, { headers })).status, 401);

  const denied = new TestBrowser();
  const { url: asked } = await denied.visit(`${url}/auth/login`, `${provider.issuer}/auth`);
  const state = new URL(asked).searchParams.get("state");
  const iss = encodeURIComponent(provider.issuer);
  const refused = `${url}/auth/callback?error=access_denied&state=${state}&iss=${iss}`;
  assert.deepEqual(await problemOf(await denied.fetch(refused)), [
    401,
    "The provider did not sign this user in.",
  ]);
  assert.equal((await fetch(`${url}/auth/login`, { method: "POST" })).status, 405);
  assert.equal((await fetch(`${url}/auth/nowhere`)).status, 404);
});

test("a cookie that is not ours, or is not alone, is refused and taken away", async (t) => {
  const { browser, platform, url } = await front(t);
  await browser.visit(`${url}/auth/login`);
  const value = browser.cookies(url).get("session") as string;
  const parts = value.split(".");
  const changed = parts.map((part, index) =>
    parts
      .with(
        index,
        part.length < 2 ? "AAAA" : `${part.slice(0, -2)}${part.endsWith("AA") ? "BB" : "AA"}`,
      )
      .join("."),
  );
  for (const cookie of [
    ...changed.map((text) => `session=${text}`),
    "session=",
    "session=x",
    `session=${"A".repeat(5_000)}`,
    `session=${value}; session=${value}`,
    `session=x; session=${value}`,
  ]) {
    for (const path of ["/notes/mine", "/notes"]) {
      const response = await fetch(url + path, { headers: { cookie } });
      assert.equal(response.status, 401, cookie.slice(0, 60));
      assert.match(response.headers.getSetCookie().join(), /^session=; Path=\/; Max-Age=0/);
    }
  }
  const authorization = `Bearer ${await platform.issuer.sign({ subject: "ada" })}`;
  const both = await fetch(`${url}/notes`, {
    headers: { authorization, cookie: `session=${value}` },
  });
  assert.deepEqual(await problemOf(both), [
    401,
    "The request brings two kinds of credentials (tokens and session).",
  ]);
  const name = await fetch(`${url}/notes`, { headers: { cookie: `xsession=${value}; a=b` } });
  assert.equal(name.status, 200, "a cookie of another name is none of ours");
});

test("another site's page cannot use the cookie", async (t) => {
  const { browser, url } = await front(t);
  await browser.visit(`${url}/auth/login`);
  const described = await (await browser.fetch(`${url}/auth/session`)).json();
  const { csrfToken } = described as { csrfToken: string };
  const post = async (headers: Record<string, string>): Promise<number> => {
    const body = JSON.stringify({ text: "hi" });
    const all = { "content-type": "application/json", ...headers };
    const response = await browser.fetch(`${url}/notes/a`, { method: "POST", body, headers: all });
    if (response.status === 403)
      assert.match(((await response.json()) as Problem).fix ?? "", /x-csrf-token/);
    return response.status;
  };
  const cases: readonly [Record<string, string>, number][] = [
    [{}, 403],
    [{ "sec-fetch-site": "cross-site" }, 403],
    [{ "sec-fetch-site": "same-site" }, 403],
    [{ "sec-fetch-site": "cross-site", origin: url }, 403],
    [{ origin: "https://evil.example" }, 403],
    [{ origin: "null" }, 403],
    [{ origin: `${url}.evil.example` }, 403],
    [{ "x-csrf-token": "x" }, 403],
    [{ "x-csrf-token": csrfToken.replace(/^./, (first) => (first === "A" ? "B" : "A")) }, 403],
    [{ "sec-fetch-site": "same-origin" }, 201],
    [{ "sec-fetch-site": "none" }, 201],
    [{ origin: url }, 201],
    [{ "x-csrf-token": csrfToken }, 201],
  ];
  for (const [headers, status] of cases) {
    assert.equal(await post(headers), status, JSON.stringify(headers));
  }
  const evil = { "sec-fetch-site": "cross-site" };
  assert.equal(
    (await browser.fetch(`${url}/notes/mine`, { headers: evil })).status,
    200,
    "reading",
  );
  const logout = await browser.fetch(`${url}/auth/logout`, { method: "POST", headers: evil });
  // A WebSocket is opened with GET, from any page.
  const cookie = `session=${browser.cookies(url).get("session")}`;
  const upgrade = { connection: "upgrade", upgrade: "websocket", cookie };
  for (const [site, status] of [
    ["cross-site", 403],
    ["same-origin", 200],
  ] as const) {
    const headers = { ...upgrade, "sec-fetch-site": site };
    const [answer] = (await once(get(`${url}/notes/mine`, { headers }), "response")) as [
      IncomingMessage,
    ];
    answer.resume();
    assert.equal(answer.statusCode, status, site);
  }
  assert.equal(logout.status, 403);
});

test("a session ends when it is not used, and at last in any case", async (t) => {
  const { browser, later, url } = await front(t, {
    accessTokenS: 86_000,
    settings: { cookie: { idleMs: 600_000, maxMs: 1_500_000 } },
  });
  const mine = async (): Promise<number> => (await browser.fetch(`${url}/notes/mine`)).status;
  await browser.visit(`${url}/auth/login`);
  const first = browser.cookies(url).get("session");
  assert.equal(await mine(), 200);
  assert.equal(
    browser.cookies(url).get("session"),
    first,
    "a cookie for each request would be a waste",
  );
  later(599_000);
  assert.equal(await mine(), 200);
  assert.notEqual(browser.cookies(url).get("session"), first);
  later(599_000);
  assert.equal(await mine(), 200);
  later(303_000);
  assert.equal(await mine(), 401);

  await browser.visit(`${url}/auth/login`);
  later(601_000);
  assert.equal(await mine(), 401);
  assert.equal(browser.cookies(url).size, 0);
});

test("tokens are refreshed before they expire, once for all requests, and while the provider is away the old ones do", async (t) => {
  const { browser, later, lines, provider, url } = await front(t, { accessTokenS: 600 });
  const mine = async (from = browser): Promise<number> =>
    (await from.fetch(`${url}/notes/mine`)).status;
  const asked = (): number => provider.asked.filter((path) => path === "/token").length;
  await browser.visit(`${url}/auth/login`);
  assert.equal(asked(), 1);
  const old = new TestBrowser();
  old.cookies(url).set("session", browser.cookies(url).get("session") as string);
  later(545_000);
  assert.deepEqual(
    await Promise.all(Array.from({ length: 5 }, () => mine())),
    [200, 200, 200, 200, 200],
  );
  assert.equal(await mine(old), 200, "the cookie from before, as another tab may send it");
  assert.equal(asked(), 2);

  provider.present = false;
  later(545_000);
  assert.equal(await mine(), 200);
  later(60_000);
  assert.equal(await mine(), 503);
  assert.ok(
    lines.some(
      (line) => line["level"] === "warn" && /refresh a session/.test(JSON.stringify(line)),
    ),
  );
  provider.present = true;
  later(11_000);
  assert.equal(await mine(), 200);

  // A refresh token for the second time, long after: somebody has a copy of the cookie.
  const copy = new TestBrowser();
  copy.cookies(url).set("session", browser.cookies(url).get("session") as string);
  later(545_000);
  assert.equal(await mine(), 200);
  later(100_000);
  assert.equal(await mine(copy), 401);
  assert.equal(copy.cookies(url).size, 0);
});

test("signing out takes the cookie away and gives the refresh token back", async (t) => {
  const { browser, provider, url } = await front(t);
  await browser.visit(`${url}/auth/login`);
  const headers = { "sec-fetch-site": "same-origin" };
  const response = await browser.fetch(`${url}/auth/logout`, { method: "POST", headers });
  assert.equal(response.status, 204);
  assert.equal(browser.cookies(url).size, 0);
  assert.ok(provider.asked.includes("/token/revocation"));
  const page = { accept: "text/html", ...headers };
  const again = await browser.fetch(`${url}/auth/logout`, { method: "POST", headers: page });
  assert.deepEqual([again.status, again.headers.get("location")], [303, "/"]);
});

test("behind HTTPS the cookie is bound to this host; a name that nobody vouches for begins no login", async (t) => {
  const { provider, url } = await front(t, { settings: { origin: "https://shop.example" } });
  const response = await fetch(`${url}/auth/login`, { redirect: "manual" });
  const target = new URL(response.headers.get("location") as string);
  assert.equal(target.origin, provider.issuer);
  assert.equal(target.searchParams.get("redirect_uri"), "https://shop.example/auth/callback");
  assert.equal(target.searchParams.get("code_challenge_method"), "S256");
  const [cookie = ""] = response.headers.getSetCookie();
  assert.match(
    cookie,
    /^__Host-session-login=[^;]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
  );
});
