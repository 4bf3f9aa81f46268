import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import type { TokenStatus } from "@kerf/control-api";
import { type Clock, KerfError } from "@kerf/kernel";
import { readJson, writeJson } from "../state/json-file.ts";

/** Tokens that a platform keeps at most: each request is compared with all of them. */
const mostTokens = 1_000;
/** Bytes of chance in a token. */
const tokenBytes = 32;

/** A token as it is kept: by the SHA-256 of it, which says nothing of 256 bits of chance. */
interface KeptToken extends TokenStatus {
  readonly sha256: string;
}

/** The tokens that are narrowed to services: `state/tokens.json`. */
export class TokenStore {
  readonly #file: string;
  readonly #clock: Clock;
  #tokens: readonly KeptToken[];
  #writing: Promise<unknown> = Promise.resolve();

  constructor(stateDirectory: string, clock: Clock) {
    this.#file = join(stateDirectory, "tokens.json");
    this.#clock = clock;
    this.#tokens = readJson<{ tokens: KeptToken[] }>(this.#file)?.tokens ?? [];
  }

  /** Makes a token and answers it, this once; resolves when its hash is on the disk. Throws `conflict` for a name that is taken, `invalid_input` for too many. */
  async add(asked: Pick<TokenStatus, "name" | "services" | "expires" | "by">): Promise<string> {
    const token = `kerf_${asked.name}_${randomBytes(tokenBytes).toString("base64url")}`;
    const at = new Date(this.#clock.wall()).toISOString();
    await this.#change((tokens) => {
      if (tokens.some(({ name }) => name === asked.name)) {
        throw new KerfError("conflict", {
          message: `There is a token ${asked.name} already.`,
          fix: `Give another name, or remove it first: kerf tokens rm ${asked.name}`,
          retry: "never",
        });
      }
      if (tokens.length >= mostTokens) {
        throw new KerfError("invalid_input", {
          message: `There are ${mostTokens} tokens already.`,
          fix: "Remove those that nobody uses: kerf tokens ls",
        });
      }
      return [...tokens, { ...asked, at, sha256: digest(token).toString("hex") }];
    });
    return token;
  }

  /** What may be told of them. */
  list(): TokenStatus[] {
    return this.#tokens.map(({ sha256: _sha256, ...told }) => told);
  }

  /** Throws `not_found`. */
  async remove(wanted: string): Promise<void> {
    await this.#change((tokens) => {
      const others = tokens.filter(({ name }) => name !== wanted);
      if (others.length < tokens.length) return others;
      throw new KerfError("not_found", {
        message: `There is no token ${JSON.stringify(wanted)}.`,
        fix: "kerf tokens ls names those that there are.",
      });
    });
  }

  /** The token of that value; undefined for an unknown one. Compared with all of them, each in constant time. Throws `unauthenticated` for one that has expired. */
  find(given: string): TokenStatus | undefined {
    const hash = digest(given);
    let found: KeptToken | undefined;
    for (const token of this.#tokens)
      if (timingSafeEqual(hash, Buffer.from(token.sha256, "hex"))) found = token;
    return found && this.#unexpired(found);
  }

  /** The token of that name, as it was made then; undefined when it is no more, or is another one by now. Throws as `find` does. */
  named(name: string, at: string): TokenStatus | undefined {
    const found = this.#tokens.find((token) => token.name === name && token.at === at);
    return found && this.#unexpired(found);
  }

  #unexpired(token: KeptToken): TokenStatus {
    const { expires, name } = token;
    if (expires !== undefined && Date.parse(expires) <= this.#clock.wall()) {
      throw new KerfError("unauthenticated", {
        message: `The token ${name} has expired.`,
        why: `It held until ${expires}.`,
        fix: "Ask whoever has the operator's token for another one: kerf tokens add",
      });
    }
    return token;
  }

  /** One change after another, each on the disk before it holds. */
  #change(make: (tokens: readonly KeptToken[]) => readonly KeptToken[]): Promise<void> {
    const changed = this.#writing.then(async () => {
      const tokens = make(this.#tokens);
      await writeJson(this.#file, { version: 1, tokens });
      this.#tokens = tokens;
    });
    this.#writing = changed.catch(() => {});
    return changed;
  }
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
