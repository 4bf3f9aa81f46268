import { resolve } from "node:path";
import type { PrincipalSigner, PublicKey } from "@kerf/call";
import { parseApiKeys } from "@kerf/control-api/api-keys";
import type { Clock } from "@kerf/kernel";
import {
  type AuthenticationMethod,
  defaultAuthentication,
  type GatewaySettings,
  type JwtOptions,
  tokenAlgorithm,
  type SessionMethod,
  tokenIdentity,
} from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import { ApiKeys, knownKeys } from "./api-keys.ts";
import { Authentication } from "./authentication.ts";
import { BearerTokens } from "./bearer.ts";
import { ClientCertificates, readAuthorities } from "./client-certificates.ts";
import { FileKeys } from "./file-keys.ts";
import { type KeySource, PlacedKeys } from "./key-source.ts";
import type { Method } from "./method.ts";
import { readPublicKeys } from "./public-keys.ts";
import { RemoteKeys } from "./remote-keys.ts";
import { CookieKeys, readSecrets } from "./session/cookie-keys.ts";
import { Provider } from "./session/provider.ts";
import { Sessions } from "./session/session.ts";
import { WatchedFile, type WatchedFileOptions } from "./watched-file.ts";

const makeKey = "openssl rand 32 | basenc --base64url -w 0";

/** What methods of authentication are made from. */
export interface MethodsOptions {
  readonly app: string;
  readonly environment: string;
  /** Files in settings are seen from here: the folder of the app's module. */
  readonly directory: string;
  /** The public keys of the app's own issuer, from the newest snapshot. */
  readonly issuerKeys: () => readonly PublicKey[];
  readonly signer: PrincipalSigner;
  /** Known to all gateways of the environment and to nobody else, 32 bytes: the keys of cookies are derived from it. */
  readonly secret: Uint8Array;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Makes the authentication of each configuration. A method whose settings stay the same goes on with what it remembers. */
export class Methods {
  readonly #options: MethodsOptions;
  /** By their settings. */
  #made: ReadonlyMap<string, Method> = new Map();
  /** By their URL: keys outlive the settings of a method. */
  #remote: ReadonlyMap<string, RemoteKeys> = new Map();

  constructor(options: MethodsOptions) {
    this.#options = options;
  }

  /** @throws KerfError `invalid_configuration` when a file that the settings name cannot be used */
  authentication(settings: GatewaySettings): Authentication {
    const remote = new Map<string, RemoteKeys>();
    const made = new Map<string, Method>();
    for (const given of settings.authentication ?? defaultAuthentication) {
      const key = JSON.stringify(given);
      if (given.method === "jwt" && "url" in given.jwks) {
        const { url } = given.jwks;
        remote.set(url, this.#remote.get(url) ?? new RemoteKeys(url, this.#options));
      }
      made.set(key, this.#made.get(key) ?? this.#make(given, remote));
    }
    this.#made = made;
    this.#remote = remote;
    return new Authentication([...made.values()], this.#options);
  }

  #make(given: AuthenticationMethod, remote: ReadonlyMap<string, RemoteKeys>): Method {
    const { app, clock, environment, issuerKeys } = this.#options;
    switch (given.method) {
      case "tokens":
        return new BearerTokens({
          name: "tokens",
          ...tokenIdentity(app, environment),
          types: ["jwt"],
          algorithms: [tokenAlgorithm],
          keys: new PlacedKeys(issuerKeys),
          clock,
        });
      case "jwt":
        return new BearerTokens({
          ...given,
          name: "jwt",
          // RFC 9068 calls access tokens `at+jwt`.
          types: ["jwt", "at+jwt"],
          keys: this.#keysOf(given.jwks, remote),
          clock,
        });
      case "apiKeys":
        return new ApiKeys({
          header: given.header ?? "x-api-key",
          file: this.#file(given.file, {
            what: "the API keys",
            secret: true,
            parse: (text) => knownKeys(parseApiKeys(text)),
            ...(given.optional === true ? { absent: knownKeys([]) } : undefined),
            fix: "kerf keys create --file FILE --subject NAME makes the file, which only its owner may read.",
          }),
          clock,
        });
      case "session":
        return this.#sessions(given);
      case "clientCertificates":
        return new ClientCertificates({
          authorities: this.#file(given.caFile, {
            what: "the authorities of client certificates",
            secret: false,
            parse: readAuthorities,
            fix: "Name a PEM file with the certificates of the authorities.",
          }),
          subject: given.subject ?? "uri",
          prefix: given.prefix,
          clock,
        });
    }
  }

  #sessions(given: SessionMethod): Sessions {
    const { app, clock, environment, log, secret } = this.#options;
    const { cookie, oidc } = given;
    const context = JSON.stringify([app, environment, oidc.issuer, oidc.clientId]);
    const own = new CookieKeys([secret], context);
    const keys =
      cookie?.keyFile === undefined
        ? undefined
        : this.#file(cookie.keyFile, {
            what: "the keys of session cookies",
            secret: true,
            parse: (text) => new CookieKeys(readSecrets(text), context),
            fix: `Write 32 random bytes in base64url into it, mode 0600: ${makeKey} > FILE`,
          });
    const clientSecret =
      oidc.clientSecretFile === undefined
        ? undefined
        : this.#file(oidc.clientSecretFile, {
            what: "the secret of the OpenID Connect client",
            secret: true,
            parse: readClientSecret,
            fix: "Write the client's secret into it, mode 0600.",
          });
    return new Sessions({
      settings: given,
      provider: new Provider(oidc, { secret: clientSecret, clock, log }),
      keys: () => keys?.current() ?? own,
      clock,
      log,
    });
  }

  #keysOf(jwks: JwtOptions["jwks"], remote: ReadonlyMap<string, RemoteKeys>): KeySource {
    if ("url" in jwks) return remote.get(jwks.url) as RemoteKeys;
    return new FileKeys(
      this.#file(jwks.file, {
        what: "the public keys of an issuer",
        secret: false,
        parse: readPublicKeys,
        fix: "Name a file with the issuer's JWK set.",
      }),
    );
  }

  #file<T>(
    path: string,
    options: Omit<WatchedFileOptions<T>, "path" | "clock" | "log">,
  ): WatchedFile<T> {
    const { clock, directory, log } = this.#options;
    return new WatchedFile({ ...options, path: resolve(directory, path), clock, log });
  }
}

function readClientSecret(text: string): string {
  const secret = text.trim();
  if (secret === "") throw new Error("It is empty.");
  return secret;
}
