import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { BoundedCache } from "@kerf/call";
import type { Shaping } from "@kerf/call/http";
import { type Clock, KerfError } from "@kerf/kernel";
import type { SessionOptions } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import { type Method, principalOf, type Proven, refused } from "../method.ts";
import { Cookie } from "./cookie.ts";
import type { CookieKeys } from "./cookie-keys.ts";
import { csrfToken, refuseOtherSites } from "./csrf.ts";
import { ownOrigin } from "./own-origin.ts";
import type { Grant, Provider } from "./provider.ts";
import { Refreshes } from "./refreshes.ts";
import { open, seal } from "./sealed.ts";
import type { OpenedSession, SessionState } from "./state.ts";
import { SessionRoutes } from "./routes.ts";

/** How long a session may go unused and how long it may last, milliseconds (NIST SP 800-63B, AAL2: 30 minutes and 12 hours). */
const defaultIdleMs = 1_800_000;
const defaultMaxMs = 43_200_000;
/** How many opened cookies are remembered; with 4 KiB each some 16 MiB. */
const rememberedCookies = 2_000;
const fix = "Sign in again: /auth/login";

/** What sessions are made from. */
export interface SessionSetting {
  readonly settings: SessionOptions;
  readonly provider: Provider;
  readonly keys: () => CookieKeys | Promise<CookieKeys>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Users in browsers: signed in by a provider, and kept in an encrypted cookie. Nothing of a session is kept here. */
export class Sessions implements Method {
  readonly name = "session";
  readonly hint = "Sign in: /auth/login";
  readonly paths = ["auth"];
  readonly #setting: SessionSetting;
  readonly #cookie: Cookie;
  readonly #refreshes: Refreshes;
  readonly #routes: SessionRoutes;
  readonly #idleMs: number;
  readonly #maxMs: number;
  #openedWith: CookieKeys | undefined;
  #opened = new BoundedCache<string, OpenedSession>(rememberedCookies);

  constructor(setting: SessionSetting) {
    const { cookie, origin } = setting.settings;
    this.#setting = setting;
    this.#idleMs = cookie?.idleMs ?? defaultIdleMs;
    this.#maxMs = cookie?.maxMs ?? defaultMaxMs;
    const name = cookie?.name ?? "session";
    const secure = origin?.startsWith("https:") === true;
    this.#cookie = new Cookie(name, { secure });
    this.#refreshes = new Refreshes(setting.provider, setting.clock);
    this.#routes = new SessionRoutes(this, new Cookie(`${name}-login`, { secure }), setting);
  }

  brings(request: IncomingMessage): boolean {
    return this.#cookie.read(request).length > 0;
  }

  answer(request: IncomingMessage, response: ServerResponse, shaping: Shaping): boolean {
    return this.#routes.answer(request, response, shaping);
  }

  async prove(request: IncomingMessage, response: ServerResponse): Promise<Proven> {
    return (await this.current(request, response)).proven;
  }

  /** The session of a request, refreshed and renewed when it is time. @throws KerfError */
  async current(request: IncomingMessage, response: ServerResponse): Promise<OpenedSession> {
    const opened = await this.#open(request, response);
    const keys = await this.#setting.keys();
    refuseOtherSites(
      request,
      () => this.origin(request),
      () => csrfToken(opened.state.id, keys.of("csrf")[0] as Uint8Array),
    );
    const { state } = opened;
    let fresh: SessionState;
    try {
      fresh = await this.#refreshes.fresh(state);
    } catch (error) {
      if (error instanceof KerfError && error.code === "unauthenticated") this.end(response);
      throw error;
    }
    const now = this.#setting.clock.wall();
    const stale = now - state.seenAt >= this.#idleMs / 10;
    if (fresh === state && opened.newest && !stale) return opened;
    return this.#keep({ ...fresh, seenAt: now }, response);
  }

  /** Opens a session for whom the provider signed in. */
  async begin(grant: Grant, response: ServerResponse): Promise<void> {
    const now = this.#setting.clock.wall();
    const { subject, claims, refreshToken, expiresInS } = grant;
    await this.#keep(
      {
        id: randomBytes(16).toString("base64url"),
        subject,
        claims,
        createdAt: now,
        seenAt: now,
        refreshToken,
        tokensUntil:
          refreshToken === undefined || expiresInS === undefined
            ? undefined
            : now + expiresInS * 1_000,
      },
      response,
    );
  }

  /** Takes the cookie away. */
  end(response: ServerResponse): void {
    this.#cookie.clear(response);
  }

  /** When a session ends unless it is used, milliseconds since 1970-01-01 UTC. */
  endOf({ createdAt, seenAt }: SessionState): number {
    return Math.min(createdAt + this.#maxMs, seenAt + this.#idleMs);
  }

  /** @throws KerfError `invalid_input` when it is not known */
  origin(request: IncomingMessage): string {
    return ownOrigin(request, this.#setting.settings.origin);
  }

  async #open(request: IncomingMessage, response: ServerResponse): Promise<OpenedSession> {
    const [value, ...others] = this.#cookie.read(request);
    const keys = await this.#setting.keys();
    if (keys !== this.#openedWith) {
      this.#openedWith = keys;
      this.#opened = new BoundedCache(rememberedCookies);
    }
    const opened =
      value === undefined || others.length > 0
        ? undefined
        : (this.#opened.get(value) ?? (await this.#unseal(value, keys)));
    if (opened !== undefined && this.#setting.clock.wall() < this.endOf(opened.state))
      return opened;
    // Otherwise the browser would send it until somebody deletes it by hand.
    this.end(response);
    throw refused(
      opened === undefined ? "The session is not valid." : "The session has ended.",
      fix,
    );
  }

  async #unseal(value: string, keys: CookieKeys): Promise<OpenedSession | undefined> {
    const sealed = await open(value, keys.of("session"));
    if (sealed === undefined) return undefined;
    const opened = this.#openedOf(sealed.value as SessionState, sealed.newest);
    this.#opened.set(value, opened);
    return opened;
  }

  async #keep(state: SessionState, response: ServerResponse): Promise<OpenedSession> {
    const keys = await this.#setting.keys();
    const value = await seal(state, keys.of("session")[0] as Uint8Array);
    if (value === undefined) {
      throw new KerfError("invalid_configuration", {
        message: "What the provider says of this user does not fit into a cookie.",
        fix: "Name the claims that services need: session({ oidc: { claims: […] } })",
      });
    }
    this.#cookie.set(response, value, this.endOf(state) - state.seenAt);
    return this.#openedOf(state, true);
  }

  #openedOf(state: SessionState, newest: boolean): OpenedSession {
    const principal = principalOf(state.subject, state.claims, this.#setting.settings.prefix);
    return { state, proven: { principal, ambient: true }, newest };
  }
}
