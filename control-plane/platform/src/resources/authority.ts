import { chmodSync } from "node:fs";
import { join } from "node:path";
import { spiffeId } from "@kerf/call";
import { type Clock, KerfError, type Timer } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Home } from "../state/home.ts";
import { readJson, writeJson } from "../state/json-file.ts";
import type { CertificateLives } from "./certificate-lives.ts";
import { areAuthorityKeys, nextTurn, signingKey, turned } from "./authority-keys.ts";
import { type AuthorityKey, issueCertificate } from "./certificates.ts";

/** The longest wait that a timer of the system takes, milliseconds: 24 days. */
const longestMs = 0x7fff_ffff;

/**
 * The authority of an environment: says which program is which unit, in certificates that all others of the environment accept. Half-way through its life
 * it gets a successor. That is trusted at once and signs half a certificate's life later, when everyone knows it; the one before is trusted until the last
 * certificate that it signed has expired.
 */
export class Authority {
  readonly #options: AuthorityOptions;
  readonly #file: string;
  #keys: readonly AuthorityKey[];
  #timer: Timer | undefined;
  readonly #listeners = new Set<() => void>();

  private constructor(options: AuthorityOptions, file: string, keys: readonly AuthorityKey[]) {
    this.#options = options;
    this.#file = file;
    this.#keys = keys;
  }

  /** Reads the authority's key, and makes it when there is none. */
  static async open(options: AuthorityOptions): Promise<Authority> {
    const file = join(options.home.keys, "authority.json");
    const authority = new Authority(options, file, readKeys(file));
    await authority.#turn();
    return authority;
  }

  /** The certificates of those that are trusted, PEM, the oldest first. */
  get trusted(): string[] {
    return this.#keys.map(({ certificate }) => certificate);
  }

  /** Calls `listener` when others are trusted. Returns what takes it back. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A certificate for a program of `unit` over the key in its request (PKCS #10, PEM). Throws `invalid_input`. */
  issue(request: string, unit: string): Promise<string> {
    const { clock, environment, lives } = this.#options;
    return issueCertificate({
      authority: signingKey(this.#keys, lives, clock.wall()),
      request,
      id: spiffeId(environment, unit),
      now: clock.wall(),
      lifeMs: lives.certificateMs,
    });
  }

  /** Changes no more. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Does what is due now: makes the first, or a successor, and lets go of those that nothing leans on any more. */
  async #turn(): Promise<void> {
    const { clock, environment, lives, log } = this.#options;
    const keys = await turned(this.#keys, { environment, lives, now: clock.wall() });
    if (keys !== this.#keys) {
      if (keys.at(-1) !== this.#keys.at(-1))
        log.info("A certificate authority was made.", { environment, count: keys.length });
      await writeJson(this.#file, { authorities: keys });
      this.#keys = keys;
      for (const listener of this.#listeners) listener();
    }
    // Making a key and writing it down took its time: the next turn is due as early as if they had not.
    this.#turnIn(nextTurn(keys, lives) - clock.wall());
  }

  #turnIn(ms: number): void {
    const { clock, log } = this.#options;
    this.#timer = clock.after(Math.min(Math.max(ms, 10), longestMs), () => {
      this.#turn().catch((error: unknown) => {
        log.error(
          "The certificate authority could not be renewed; it is tried again in a minute.",
          {
            error,
          },
        );
        this.#turnIn(60_000);
      });
    });
  }
}

/** What an authority is made of. */
export interface AuthorityOptions {
  readonly home: Home;
  readonly environment: string;
  readonly lives: CertificateLives;
  readonly clock: Clock;
  readonly log: Logger;
}

function readKeys(file: string): readonly AuthorityKey[] {
  const kept = readJson<{ authorities: unknown }>(file);
  if (kept === undefined) return [];
  if (!areAuthorityKeys(kept.authorities)) {
    throw new KerfError("invalid_configuration", {
      message: `${file} holds no certificate authority.`,
      fix: "Put it back, or delete the file: a new one is made, and programs that run must be started anew.",
    });
  }
  chmodSync(file, 0o600);
  return kept.authorities;
}
