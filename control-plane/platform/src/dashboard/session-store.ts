import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { type Clock, KerfError } from "@kerf/kernel";
import { readJson, writeJson } from "../state/json-file.ts";

/** How long a session holds, milliseconds: a working day; whoever comes back tomorrow asks for another link. */
export const sessionMs = 12 * 3_600_000;
/** How long a code of a link holds, milliseconds: from the terminal into the browser. */
export const codeMs = 5 * 60_000;
/** Codes that may be outstanding; one more makes the oldest worthless. */
const mostCodes = 16;
/** Sessions that may be; one more ends the oldest. */
const mostSessions = 100;
/** Bytes of chance in a code, and in each half of a session. */
const secretBytes = 32;

/** Whom a session acts for: whoever asked for its link. */
export interface SessionHolder {
  /** The user that they said they were. */
  readonly user: string;
  /** The narrowed token that they used, and when it was made; absent for the operator's own. */
  readonly token?: string;
  readonly tokenAt?: string;
}

/** A session as it may be told. */
export interface Session extends SessionHolder {
  /** ISO 8601. */
  readonly expires: string;
}

/** A session as it is kept: by the SHA-256 of its halves, which say nothing of 256 bits of chance each. */
interface KeptSession extends Session {
  readonly cookie: string;
  readonly key: string;
}

/**
 * Who is signed in to the dashboard: `state/dashboard-sessions.json`, so that a platform that comes back still knows them. A session has two
 * halves: a cookie that no script can read, and a key that only the page of this very port keeps. Browsers send a cookie to every port of a
 * machine, to the gateways of the app too: by itself it must be worth nothing.
 */
export class SessionStore {
  readonly #file: string;
  readonly #clock: Clock;
  /** By the SHA-256 of the code, the oldest first. Lost with the process: a link is asked for again within a second. */
  readonly #codes = new Map<string, { holder: SessionHolder; until: number }>();
  #sessions: readonly KeptSession[];
  #writing: Promise<unknown> = Promise.resolve();

  constructor(stateDirectory: string, clock: Clock) {
    this.#file = join(stateDirectory, "dashboard-sessions.json");
    this.#clock = clock;
    this.#sessions = readJson<{ sessions: KeptSession[] }>(this.#file)?.sessions ?? [];
  }

  /** A code that signs in once, as `holder`. */
  issue(holder: SessionHolder): { code: string; expires: string } {
    const code = secret();
    const until = this.#clock.wall() + codeMs;
    const [oldest] = this.#codes.keys();
    if (this.#codes.size >= mostCodes && oldest !== undefined) this.#codes.delete(oldest);
    this.#codes.set(digest(code), { holder, until });
    return { code, expires: new Date(until).toISOString() };
  }

  /** Makes a session of a code; resolves when it is on the disk. Throws `unauthenticated` for a code that was used, is too old, or never was. */
  async begin(code: string): Promise<Session & { cookie: string; key: string }> {
    const hash = digest(code);
    const found = this.#codes.get(hash);
    // Before anything is waited for: the same code at the same time signs in once.
    this.#codes.delete(hash);
    const now = this.#clock.wall();
    if (found === undefined || found.until <= now) {
      throw new KerfError("unauthenticated", {
        message: "This link signs in no more.",
        why: `A link signs in once, within ${codeMs / 60_000} minutes.`,
        fix: "Ask for another one: kerf dashboard",
      });
    }
    const cookie = secret();
    const key = secret();
    const session = { ...found.holder, expires: new Date(now + sessionMs).toISOString() };
    const kept = { ...session, cookie: digest(cookie), key: digest(key) };
    await this.#change((sessions) => [
      ...sessions.filter(({ expires }) => Date.parse(expires) > now).slice(1 - mostSessions),
      kept,
    ]);
    return { ...session, cookie, key };
  }

  /** The session of both halves; undefined when there is none, or no more. */
  find(cookie: string, key: string): Session | undefined {
    const wanted = Buffer.from(digest(cookie), "hex");
    let found: KeptSession | undefined;
    for (const session of this.#sessions)
      if (timingSafeEqual(wanted, Buffer.from(session.cookie, "hex"))) found = session;
    if (found === undefined || Date.parse(found.expires) <= this.#clock.wall()) return undefined;
    if (!timingSafeEqual(Buffer.from(digest(key), "hex"), Buffer.from(found.key, "hex")))
      return undefined;
    const { cookie: _cookie, key: _key, ...told } = found;
    return told;
  }

  /** Ends a session. */
  async end(cookie: string): Promise<void> {
    const hash = digest(cookie);
    if (!this.#sessions.some((session) => session.cookie === hash)) return;
    await this.#change((sessions) => sessions.filter((session) => session.cookie !== hash));
  }

  /** One change after another, each on the disk before it holds. */
  #change(make: (sessions: readonly KeptSession[]) => readonly KeptSession[]): Promise<void> {
    const changed = this.#writing.then(async () => {
      const sessions = make(this.#sessions);
      await writeJson(this.#file, { version: 1, sessions });
      this.#sessions = sessions;
    });
    this.#writing = changed.catch(() => {});
    return changed;
  }
}

function secret(): string {
  return randomBytes(secretBytes).toString("base64url");
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
