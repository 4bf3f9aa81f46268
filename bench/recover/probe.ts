/** Asks for one path again and again, some fifty times a second, as a client would. */
export class Probe {
  readonly unit: string;
  /** Whether failures are expected now. */
  victim = false;
  /** Requests that failed although nobody touched the unit. */
  failedAsBystander = 0;
  #going = true;
  readonly #loop: Promise<void>;
  readonly #waiting: { ok: boolean; resolve: () => void }[] = [];

  constructor(unit: string, url: string) {
    this.unit = unit;
    this.#loop = this.#run(url);
  }

  /** Resolves at the next answer that is not 200. */
  failure(): Promise<void> {
    return this.#next(false);
  }

  /** Resolves at the next 200. */
  success(): Promise<void> {
    return this.#next(true);
  }

  async stop(): Promise<void> {
    this.#going = false;
    await this.#loop;
  }

  #next(ok: boolean): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ ok, resolve }));
  }

  async #run(url: string): Promise<void> {
    while (this.#going) {
      const ok = await answers(url);
      if (!ok && !this.victim) this.failedAsBystander++;
      for (const waiter of this.#waiting.filter((each) => each.ok === ok)) {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        waiter.resolve();
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}
