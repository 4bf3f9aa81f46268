import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
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
    now: () => systemClock.now() + ahead,
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
      return { authentication: [tokens(), session({ oidc, prefix: "people:", ...options.settings })] };
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
  const { browser, url } = await front(t);
  assert.deepEqual(await (await browser.fetch(`${url}/auth/session`)).json(), { signedIn: false });
  const { url: end, response } = await browser.visit(`${url}/auth/login?returnTo=/notes/mine%3Fx=1`);
  assert.equal(end, `${url}/notes/mine?x=1`);
  assert.deepEqual(await response.json(), { subject: "people:ada", claims: { name: "Ada" } });
  assert.deepEqual([...browser.cookies(url).keys()], ["session"], "the login's cookie is gone");
  const described = (await (await browser.fetch(`${url}/auth/session`)).json()) as Record<string, unknown>;
  assert.equal(described["subject"], "people:ada");
  assert.ok(Date.parse(String(described["endsAt"])) > Date.now());
});
