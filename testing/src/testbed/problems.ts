/** What went wrong in fakes: mistakes of the test or of the code under test that no answer should hide. */
export class Problems {
  readonly #found: unknown[] = [];

  readonly report = (problem: unknown): void => {
    this.#found.push(problem);
  };

  /** Throws the first problem that nobody has been told yet. */
  raise(): void {
    if (this.#found.length > 0) throw this.#found.shift();
  }

  /** Waits for `work`; a problem that came up meanwhile goes before its outcome. */
  async before<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      this.raise();
    }
  }
}
