import { type Clock, KerfError } from "@kerf/kernel";
import type { OidcOptions } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import * as client from "openid-client";
import { boundedFetch } from "../bounded-fetch.ts";
import { skewS } from "../method.ts";
import type { WatchedFile } from "../watched-file.ts";

/** Age at which the provider's own description is fetched anew, milliseconds: an hour. */
const describedMs = 3_600_000;

/** The claims of the ID token itself and of its transport (OpenID Connect Core, 2 and 3.1.3.6). */
const protocol: ReadonlySet<string> = new Set(
  "iss sub aud exp nbf iat jti nonce auth_time acr amr azp at_hash c_hash s_hash sid".split(" "),
);

/** What a login is remembered by until the provider sends the user back. */
export interface PendingLogin {
  readonly state: string;
  readonly nonce: string;
  /** PKCE (RFC 7636). */
  readonly verifier: string;
}

/** What the provider gave. */
export interface Grant {
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly refreshToken?: string | undefined;
  /** Seconds until the access token expires. */
  readonly expiresInS: number | undefined;
}

/** An OpenID Connect provider. */
export class Provider {
  readonly #oidc: OidcOptions;
  readonly #secret: WatchedFile<string> | undefined;
  readonly #clock: Clock;
  readonly #log: Logger;
  #described: { from: string; until: number; configuration: client.Configuration } | undefined;
  #describing: Promise<client.Configuration> | undefined;

  constructor(
    oidc: OidcOptions,
    options: { secret: WatchedFile<string> | undefined; clock: Clock; log: Logger },
  ) {
    this.#oidc = oidc;
    this.#secret = options.secret;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Where to send the user, and what to remember. @throws KerfError `unavailable` */
  async begin(redirectUri: string): Promise<{ url: URL; pending: PendingLogin }> {
    const configuration = await this.#configuration();
    const pending = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    };
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: [...new Set(["openid", ...(this.#oidc.scopes ?? [])])].join(" "),
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: "S256",
    });
    return { url, pending };
  }

  /** Exchanges the code that the user came back with. @throws KerfError `unauthenticated` or `unavailable` */
  async finish(callback: URL, pending: PendingLogin): Promise<Grant> {
    const configuration = await this.#configuration();
    try {
      const tokens = await client.authorizationCodeGrant(configuration, callback, {
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        pkceCodeVerifier: pending.verifier,
        idTokenExpected: true,
      });
      return this.#grant(tokens, tokens.claims() as client.IDToken);
    } catch (cause) {
      throw this.#failed("sign the user in", cause);
    }
  }

  /** New tokens for old. @throws KerfError `unauthenticated` when the provider ended the session, `unavailable` when it is away */
  async refresh(refreshToken: string, subject: string): Promise<Partial<Grant>> {
    const configuration = await this.#configuration();
    try {
      const tokens = await client.refreshTokenGrant(configuration, refreshToken);
      const claims = tokens.claims();
      if (claims !== undefined && claims.sub !== subject)
        throw new Error("It answered for another user.");
      return claims === undefined
        ? { refreshToken: tokens.refresh_token, expiresInS: tokens.expiresIn() }
        : this.#grant(tokens, claims);
    } catch (cause) {
      throw this.#failed("refresh a session", cause);
    }
  }

  /** Tells the provider that a refresh token is not needed any more, where it wants to know (RFC 7009). Never rejects. */
  async revoke(refreshToken: string): Promise<void> {
    try {
      const configuration = await this.#configuration();
      if (configuration.serverMetadata().revocation_endpoint === undefined) return;
      await client.tokenRevocation(configuration, refreshToken);
    } catch (error) {
      this.#log.warn("a refresh token could not be revoked", { issuer: this.#oidc.issuer, error });
    }
  }

  #grant(
    tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers,
    claims: client.IDToken,
  ): Grant {
    const carried = this.#oidc.claims;
    const going = Object.entries(claims).filter(([name]) =>
      carried === undefined ? !protocol.has(name) : carried.includes(name),
    );
    return {
      subject: claims.sub,
      claims: Object.fromEntries(going),
      refreshToken: tokens.refresh_token,
      expiresInS: tokens.expiresIn(),
    };
  }

  async #configuration(): Promise<client.Configuration> {
    const secret = (await this.#secret?.current()) ?? "";
    const known = this.#described;
    if (known?.from === secret && this.#clock.now() < known.until) return known.configuration;
    this.#describing ??= this.#describe(secret).finally(() => (this.#describing = undefined));
    try {
      return await this.#describing;
    } catch (error) {
      // What it said an hour ago is better than nothing; the secret is a new one only when the old one was taken back.
      if (known?.from === secret) return known.configuration;
      throw this.#failed("describe itself", error);
    }
  }

  async #describe(secret: string): Promise<client.Configuration> {
    const { clientId, issuer } = this.#oidc;
    const configuration = await client.discovery(
      new URL(issuer),
      clientId,
      { [client.clockTolerance]: skewS },
      secret === "" ? client.None() : bySecret(secret),
      {
        [client.customFetch]: (url, init) =>
          boundedFetch(this.#clock, url, init as unknown as RequestInit),
        // The check of the settings lets http pass on this machine only.
        execute: issuer.startsWith("http:") ? [client.allowInsecureRequests] : [],
      },
    );
    this.#described = { from: secret, until: this.#clock.now() + describedMs, configuration };
    return configuration;
  }

  /** The provider's word that this user is none, or else a failure of the provider. */
  #failed(what: string, cause: unknown): KerfError {
    if (cause instanceof KerfError) return cause;
    const said =
      cause instanceof client.AuthorizationResponseError ||
      (cause instanceof client.ResponseBodyError && cause.error === "invalid_grant");
    this.#log.warn(`the OpenID Connect provider did not ${what}`, {
      issuer: this.#oidc.issuer,
      error: cause,
    });
    return said || cause instanceof client.ClientError
      ? new KerfError("unauthenticated", {
          message: "The provider did not sign this user in.",
          fix: "Sign in again: /auth/login",
          cause,
        })
      : new KerfError("unavailable", {
          message: "The provider that signs users in does not answer as it should.",
          fix: "Try again later; the gateway's log says more.",
          cause,
        });
  }
}

/** Basic where the provider takes it, which is the standard's default, else in the body. */
function bySecret(secret: string): client.ClientAuth {
  const basic = client.ClientSecretBasic(secret);
  const post = client.ClientSecretPost(secret);
  return (server, metadata, body, headers) => {
    const taken = server.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
    (taken.includes("client_secret_basic") ? basic : post)(server, metadata, body, headers);
  };
}
