import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type ApiKey, apiKeyForm } from "@kerf/control-api/api-keys";
import type { Clock } from "@kerf/kernel";
import { bearerToken } from "./bearer.ts";
import { type Method, principalOf, type Proven, refused } from "./method.ts";
import type { WatchedFile } from "./watched-file.ts";

const fix = "Send a key that holds; kerf keys create makes one.";
/** Compared with when the id is unknown, so that it takes as long as when it is known. */
const nobody = Buffer.alloc(32);

/** A key of the file, ready to be compared. */
export interface KnownKey {
  readonly key: ApiKey;
  readonly hash: Buffer;
  readonly proven: Proven;
}

/** The keys of a file, by id. */
export function knownKeys(keys: readonly ApiKey[]): ReadonlyMap<string, KnownKey> {
  return new Map(
    keys.map((key) => [
      key.id,
      {
        key,
        hash: Buffer.from(key.sha256, "hex"),
        proven: {
          principal: principalOf(key.subject, key.claims),
          credential: `apiKey:${key.id}`,
        },
      },
    ]),
  );
}

/** Programs by API keys; the file holds their hashes. */
export class ApiKeys implements Method {
  readonly name = "apiKeys";
  readonly hint: string;
  readonly #header: string;
  readonly #file: WatchedFile<ReadonlyMap<string, KnownKey>>;
  readonly #clock: Clock;

  constructor(options: {
    header: string;
    file: WatchedFile<ReadonlyMap<string, KnownKey>>;
    clock: Clock;
  }) {
    this.#header = options.header;
    this.#file = options.file;
    this.#clock = options.clock;
    this.hint =
      options.header === "authorization"
        ? "Send an API key as a bearer token in the Authorization header."
        : `Send an API key in the header ${options.header}.`;
  }

  brings(request: IncomingMessage): boolean {
    if (this.#header !== "authorization") return request.headers[this.#header] !== undefined;
    return bearerToken(request)?.startsWith("kerf_") === true;
  }

  async prove(request: IncomingMessage): Promise<Proven> {
    const given =
      this.#header === "authorization" ? bearerToken(request) : request.headers[this.#header];
    // A header that came twice is two keys with a comma between them: of no key's form.
    const id = typeof given === "string" ? apiKeyForm.exec(given)?.[1] : undefined;
    if (id === undefined) throw refused("This is no API key.", fix);
    const known = (await this.#file.current()).get(id);
    const hash = createHash("sha256")
      .update(given as string)
      .digest();
    if (!timingSafeEqual(hash, known?.hash ?? nobody) || known === undefined)
      throw refused("The API key is not known.", fix);
    const { disabled, expires } = known.key;
    if (disabled === true) throw refused("The API key was revoked.", fix);
    if (expires !== undefined && this.#clock.wall() >= Date.parse(expires))
      throw refused("The API key has expired.", fix);
    return known.proven;
  }
}
