import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

/** The one client that the provider knows. */
export const oidcClient = { clientId: "shop", clientSecret: "not a secret, only a test's" };

/** An OpenID Connect provider of this machine, at which everybody is signed in as `ada` at once. */
export class TestProvider {
  readonly issuer: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[] = [];
  /** False: it hangs up on everybody. */
  present = true;
  #handle: ReturnType<Provider["callback"]> | undefined;

  private constructor(issuer: string) {
    this.issuer = issuer;
  }

  static async start(t: TestContext): Promise<TestProvider> {
    const server = createServer((request, response) => {
      provider.asked.push((request.url ?? "").split("?")[0] as string);
      if (provider.present && provider.#handle !== undefined) provider.#handle(request, response);
      else request.socket.destroy();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const provider = new TestProvider(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return provider;
  }

  /** Makes it take users who come from `origin`. @param accessTokenS how long access tokens live, seconds */
  async serve(origin: string, accessTokenS = 3_600): Promise<void> {
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    const key = { ...(await exportJWK(privateKey)), alg: "ES256", use: "sig", kid: "provider-1" };
    const provider = new Provider(this.issuer, {
      clients: [
        {
          client_id: oidcClient.clientId,
          client_secret: oidcClient.clientSecret,
          redirect_uris: [`${origin}/auth/callback`],
          grant_types: ["authorization_code", "refresh_token"],
          response_types: ["code"],
          id_token_signed_response_alg: "ES256",
        },
      ],
      jwks: { keys: [key] },
      cookies: { keys: ["a key of a test"] },
      claims: { openid: ["sub"], profile: ["name"] },
      conformIdTokenClaims: false,
      features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
      findAccount: (_: unknown, id: string) => ({
        accountId: id,
        claims: () => ({ sub: id, name: "Ada" }),
      }),
      interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
      issueRefreshToken: () => true,
      loadExistingGrant: async (context: {
        oidc: { client: { clientId: string }; session: { accountId: string } };
      }) => {
        const { client, session } = context.oidc;
        const { clientId } = client;
        const grant = new provider.Grant({ clientId, accountId: session.accountId });
        grant.addOIDCScope("openid profile offline_access");
        await grant.save();
        return grant;
      },
      pkce: { required: () => true },
      rotateRefreshToken: true,
      ttl: {
        AccessToken: accessTokenS,
        Grant: 86_400,
        IdToken: 3_600,
        Interaction: 600,
        RefreshToken: 86_400,
        Session: 86_400,
      },
    });
    const callback = provider.callback();
    this.#handle = (request, response) => {
      if (request.url?.startsWith("/interaction/") !== true) return callback(request, response);
      void provider.interactionFinished(request, response, { login: { accountId: "ada" } });
    };
  }
}

/** As much of a browser as a login needs: cookies for each host and port, and redirects one at a time. */
export class TestBrowser {
  readonly #jar = new Map<string, Map<string, string>>();

  /** The cookies of an origin; may be changed. */
  cookies(origin: string): Map<string, string> {
    let cookies = this.#jar.get(origin);
    if (cookies === undefined) this.#jar.set(origin, (cookies = new Map()));
    return cookies;
  }

  async fetch(
    url: string,
    init: Omit<RequestInit, "headers"> & { headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const cookies = this.cookies(new URL(url).origin);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...(cookie === "" ? undefined : { cookie }), ...init.headers };
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) as unknown as [string, string, string];
      if (/Max-Age=0(?:;|$)/.test(line) || value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  }

  /** Follows redirects until there is none, or until one leads to a URL that begins with `stop`. */
  async visit(url: string, stop?: string): Promise<{ url: string; response: Response }> {
    let at = url;
    for (let hops = 0; hops < 20; hops++) {
      if (stop !== undefined && at.startsWith(stop)) break;
      const response = await this.fetch(at);
      const location = response.headers.get("location");
      if (location === null) return { url: at, response };
      await response.arrayBuffer();
      at = new URL(location, at).href;
    }
    return { url: at, response: Response.error() };
  }
}
