import { setTimeout as sleep } from "node:timers/promises";

/** Longest wait for an answer, milliseconds. */
const answerMs = 20_000;
/** Requests of one client each second, about. */
const perClient = 5;
const words = ["steel", "rule", "saw", "oak", "glue", "plane"];

/** A request that was not answered well. */
export interface Failed {
  readonly at: string;
  readonly path: string;
  readonly why: string;
  readonly during: string;
}

/** Clients that search and ask who they are, at an even pace, until they are stopped. */
export class LightLoad {
  readonly failed: Failed[] = [];
  requests = 0;
  /** What is done meanwhile. */
  during = "";
  readonly #url: string;
  readonly #ending = new AbortController();
  #clients: readonly Promise<void>[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  /** Signs an account up and begins. */
  async start(rate: number): Promise<void> {
    const account = { email: "ada@example.com", name: "Ada", password: "correct horse battery" };
    await this.#post("/users", account);
    const { token } = (await this.#post("/sessions", account)) as { token: string };
    const headers = { authorization: `Bearer ${token}` };
    const clients = Math.max(1, Math.round(rate / perClient));
    this.#clients = Array.from({ length: clients }, (_, n) => this.#client(n, headers));
  }

  /** Resolves when every client has its last answer. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#clients);
  }

  async #client(number: number, headers: Record<string, string>): Promise<void> {
    const { signal } = this.#ending;
    for (let n = number; !signal.aborted; n++) {
      // One of five asks users, so that a failure there would be seen.
      const path = n % 5 === 0 ? "/users/me" : `/search?q=${words[n % words.length]}`;
      await this.#ask(path, headers);
      await sleep(1_000 / perClient, undefined, { signal }).catch(() => {});
    }
  }

  async #ask(path: string, headers: Record<string, string>): Promise<void> {
    const { during } = this;
    this.requests++;
    try {
      const signal = AbortSignal.timeout(answerMs);
      const answer = await fetch(this.#url + path, { headers, signal });
      const body = await answer.text();
      if (answer.status === 200) return;
      this.#fail(path, `${answer.status} ${body.slice(0, 300)}`, during);
    } catch (thrown) {
      this.#fail(path, String(thrown), during);
    }
  }

  #fail(path: string, why: string, during: string): void {
    this.failed.push({ at: new Date().toISOString(), path, why, during });
  }

  async #post(path: string, body: unknown): Promise<unknown> {
    const answer = await fetch(this.#url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.status !== 201) throw new Error(`${path} answers ${answer.status}`);
    return answer.json();
  }
}
