import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "@kerf/kernel";
import { pick } from "../draw.ts";
import { type Asked, ask, type Seen } from "./ask.ts";
import type { Journal } from "./journal.ts";

/** How long a client tries a command under its key before it gives up, milliseconds. */
const retryForMs = 60_000;

/** A client of the shop with an account. */
export class Shopper {
  readonly url: string;
  readonly user: string;
  readonly random: Random;
  readonly journal: Journal;
  /** Aborts when the load ends. */
  readonly signal: AbortSignal;
  readonly token: string;
  /** Lines of orders that it has sent: never the same twice. */
  readonly sent = new Set<string>();

  private constructor(
    url: string,
    account: { readonly user: string; readonly token: string },
    parts: { readonly random: Random; readonly journal: Journal; readonly signal: AbortSignal },
  ) {
    this.url = url;
    this.user = account.user;
    this.token = account.token;
    this.random = parts.random;
    this.journal = parts.journal;
    this.signal = parts.signal;
  }

  /** Signs up and in. */
  static async signedUp(
    url: string,
    parts: { readonly random: Random; readonly journal: Journal; readonly signal: AbortSignal },
  ): Promise<Shopper> {
    const email = `${randomBytes(6).toString("hex")}@example.com`;
    const password = randomBytes(9).toString("base64url");
    const account = { email, name: "Ada", password };
    const registered = await ask(url, { method: "POST", path: "/users", body: account });
    const session = await ask(url, {
      method: "POST",
      path: "/sessions",
      body: { email, password },
    });
    if (registered.status !== 201 || session.status !== 201)
      throw new Error(`a shopper could not sign up: ${registered.kind} ${session.kind}`);
    return new Shopper(url, { user: registered.body.id, token: session.body.token }, parts);
  }

  /** Sends one request, once. `refusal`: the kind of the answer that is the right one, when a refusal is. */
  async ask(asked: Omit<Asked, "token">, refusal = ""): Promise<Seen> {
    const seen = await ask(this.url, { ...asked, token: this.token });
    this.journal.saw(seen.kind === refusal ? "" : seen.kind);
    return seen;
  }

  /** Asks for something that is there: failures are allowed, any other answer is not. */
  async expect(path: string, isRight: (body: any) => boolean): Promise<void> {
    const seen = await this.ask({ method: "GET", path });
    if (mayBeTried(seen)) return;
    if (seen.status !== 200 || !isRight(seen.body)) this.journal.isWrong(`GET ${path}`, seen);
  }

  /** Sends a command until it is answered for good, or the client loses patience. */
  async insist(asked: Omit<Asked, "token">, each: (seen: Seen) => void): Promise<void> {
    const end = performance.now() + retryForMs;
    for (;;) {
      const seen = await this.ask(asked);
      each(seen);
      if (!mayBeTried(seen) || this.signal.aborted || performance.now() > end) return;
      await sleep(200 + this.random.next() * 800, undefined, { signal: this.signal }).catch(
        () => undefined,
      );
    }
  }

  newKey(): string {
    return randomUUID();
  }

  pick<T>(from: readonly T[]): T {
    return pick(this.random, from);
  }
}

/** Whether the request may be sent again: it was not answered, or with a failure that passes. */
export function mayBeTried({ status, kind }: Seen): boolean {
  return status === 0 || status >= 500 || status === 429 || kind === "409 key_in_flight";
}
