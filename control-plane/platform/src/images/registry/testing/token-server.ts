// Who gives tokens for a registry to those whom it knows, as the registries of clouds have it (https://distribution.github.io/distribution/spec/auth/token/). For tests;
// no part of the package.
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const service = "registry.test";
const issuer = "tokens.test";
/** How long a token is valid, seconds. */
const validSeconds = 300;

/** Gives tokens for a user with a password, or for a refresh token. */
export class TokenServer {
  /** What was given so far: for what, and the scope. */
  readonly given: string[] = [];
  readonly #known: { user: string; password: string; refreshToken: string };
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #server: Server;

  constructor(known: { user: string; password: string; refreshToken: string }) {
    this.#known = known;
    this.#server = createServer((request, response) => {
      void this.#answer(request).then((token) => {
        response.writeHead(token === undefined ? 401 : 200, { "content-type": "application/json" });
        response.end(JSON.stringify(token === undefined ? {} : { token }));
      });
    });
  }

  /** Starts it. Answers what a registry has to be told of it; its keys lie in the folder. */
  async start(folder: string): Promise<object> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const jwks = join(folder, "token-keys.json");
    const key = { ...this.#keys.publicKey.export({ format: "jwk" }), kid: "one", alg: "ES256" };
    writeFileSync(jwks, JSON.stringify({ keys: [key] }));
    const { port } = this.#server.address() as AddressInfo;
    return { realm: `http://127.0.0.1:${port}/token`, service, issuer, jwks };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server.close(), "close");
  }

  async #answer(request: IncomingMessage): Promise<string | undefined> {
    const isExchange = request.method === "POST";
    const asked = isExchange
      ? new URLSearchParams(await text(request))
      : new URL(request.url ?? "", "http://localhost").searchParams;
    const { password, refreshToken, user } = this.#known;
    const basic = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    const isKnown = isExchange
      ? asked.get("refresh_token") === refreshToken
      : request.headers.authorization === basic;
    const scope = asked.get("scope") ?? "";
    if (!isKnown || asked.get("service") !== service) return undefined;
    const [type, name, listed = ""] = scope.split(":");
    const actions = listed.split(",").toSorted();
    const how = isExchange ? asked.get("grant_type") : "password";
    this.given.push(`${how} ${type}:${name}:${actions.join()}`);
    const now = Math.floor(Date.now() / 1_000);
    return this.#signed({
      iss: issuer,
      aud: service,
      sub: user,
      jti: randomUUID(),
      iat: now,
      nbf: now,
      exp: now + validSeconds,
      access: [{ type, name, actions }],
    });
  }

  #signed(claims: object): string {
    const part = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString("base64url");
    const content = `${part({ typ: "JWT", alg: "ES256", kid: "one" })}.${part(claims)}`;
    const key = { key: this.#keys.privateKey, dsaEncoding: "ieee-p1363" } as const;
    return `${content}.${sign("sha256", Buffer.from(content), key).toString("base64url")}`;
  }
}
