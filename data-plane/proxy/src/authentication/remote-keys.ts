import { type Clock, KerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { boundedFetch } from "./bounded-fetch.ts";
import type { KeySet, KeySource } from "./key-source.ts";
import { type PublicKeys, readPublicKeys } from "./public-keys.ts";

/** Age at which keys are fetched anew while the known ones go on, milliseconds (jose's cacheMaxAge: 10 minutes). */
const freshMs = 600_000;
/** Least time between two fetches, milliseconds: tokens with keys that nobody knows must not make us hammer their issuer (jose's cooldownDuration). */
const cooldownMs = 30_000;
/** Least time between two fetches while there are no keys at all, milliseconds: nobody could sign in meanwhile. */
const firstCooldownMs = 1_000;

/** Keys that an issuer publishes at a URL. The last good ones stay when it is away, however long. */
export class RemoteKeys implements KeySource {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #keys: PublicKeys | undefined;
  /** Monotonic milliseconds. */
  #freshUntil = 0;
  #notBefore = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;

  constructor(url: string, options: { clock: Clock; log: Logger }) {
    this.#url = url;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  current(): KeySet | Promise<KeySet> {
    if (this.#keys === undefined) return this.#first();
    if (this.#clock.now() >= this.#freshUntil) void this.renew();
    return this.#keys.set;
  }

  /** One fetch at a time, at most every 30 s. Never rejects. */
  renew(): Promise<void> {
    if (this.#fetching !== undefined) return this.#fetching;
    const now = this.#clock.now();
    if (now < this.#notBefore) return Promise.resolve();
    this.#notBefore = now + (this.#keys === undefined ? firstCooldownMs : cooldownMs);
    this.#fetching = this.#fetch().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #first(): Promise<KeySet> {
    await this.renew();
    if (this.#keys !== undefined) return this.#keys.set;
    throw new KerfError("unavailable", {
      message: "The keys of the issuer of this token could not be fetched.",
      why: `${this.#url} did not answer with keys; the gateway's log says more.`,
      fix: "Send the request again later.",
    });
  }

  async #fetch(): Promise<void> {
    try {
      const headers = { accept: "application/jwk-set+json, application/json" };
      const response = await boundedFetch(this.#clock, this.#url, { headers });
      if (response.status !== 200) throw new Error(`It answered ${response.status}.`);
      const keys = readPublicKeys(await response.text());
      const now = this.#clock.now();
      this.#freshUntil = now + freshMs;
      this.#notBefore = now + cooldownMs;
      // The same keys keep what was verified with them.
      if (keys.text !== this.#keys?.text) this.#keys = keys;
    } catch (error) {
      this.#log.warn("the keys of an issuer could not be fetched", {
        url: this.#url,
        kept: this.#keys !== undefined,
        error,
      });
    }
  }
}
