import { createHash } from "node:crypto";
import { BoundedCache } from "@kerf/call";
import type { Clock } from "@kerf/kernel";
import type { Provider } from "./provider.ts";
import type { SessionState } from "./state.ts";

/** How long before its end a session's tokens are refreshed, milliseconds. */
const earlyMs = 60_000;
/** How long the provider is left alone with a session after it did not answer, milliseconds. */
const retryMs = 10_000;
/** How long requests with the cookie from before get the same answer, milliseconds: later it is a stolen one, or a very old one. */
const reuseMs = 60_000;
/** How many refreshes are remembered. */
const remembered = 2_000;

interface Refresh {
  readonly done: Promise<SessionState>;
  /** Milliseconds since 1970-01-01 UTC; until then it is not done again. */
  againAt: number;
}

/** Refreshes the tokens of sessions: once for all the requests that come with one cookie. */
export class Refreshes {
  readonly #provider: Provider;
  readonly #clock: Clock;
  readonly #running = new BoundedCache<string, Refresh>(remembered);

  constructor(provider: Provider, clock: Clock) {
    this.#provider = provider;
    this.#clock = clock;
  }

  /**
   * The session with tokens that hold. While the provider is away, or refuses, the old ones do until their end: another copy of the gateway may have used the
   * refresh token a moment ago, and its answer with the new cookie be on its way.
   * @throws KerfError `unauthenticated` when the provider ended it, `unavailable` when it is away and the tokens have ended
   */
  async fresh(state: SessionState): Promise<SessionState> {
    const { refreshToken, tokensUntil } = state;
    const now = this.#clock.wall();
    if (refreshToken === undefined || tokensUntil === undefined || now < tokensUntil - earlyMs)
      return state;
    try {
      return await this.#once(state, refreshToken);
    } catch (error) {
      if (now < tokensUntil) return state;
      throw error;
    }
  }

  #once(state: SessionState, refreshToken: string): Promise<SessionState> {
    const key = createHash("sha256").update(refreshToken).digest("base64url");
    const known = this.#running.get(key);
    if (known !== undefined && this.#clock.wall() < known.againAt) return known.done;
    const refresh: Refresh = {
      done: this.#refresh(state, refreshToken),
      againAt: Number.POSITIVE_INFINITY,
    };
    this.#running.set(key, refresh);
    refresh.done.then(
      () => (refresh.againAt = this.#clock.wall() + reuseMs),
      () => (refresh.againAt = this.#clock.wall() + retryMs),
    );
    return refresh.done;
  }

  async #refresh(state: SessionState, refreshToken: string): Promise<SessionState> {
    const grant = await this.#provider.refresh(refreshToken, state.subject);
    const { claims = state.claims, expiresInS } = grant;
    return {
      ...state,
      claims,
      refreshToken: grant.refreshToken ?? refreshToken,
      tokensUntil: expiresInS === undefined ? undefined : this.#clock.wall() + expiresInS * 1_000,
    };
  }
}
