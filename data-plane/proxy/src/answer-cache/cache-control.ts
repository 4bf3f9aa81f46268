/** The longest time that is believed, seconds: 2³¹ (RFC 9111, 1.2.2). */
const longestS = 2_147_483_648;
const directive = /([!#$%&'*+\-.^_`|~0-9a-z]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?/gi;

/** The directives of `Cache-Control` (RFC 9111, 5.2). What comes twice is read in the way that keeps less. */
export class CacheControl {
  readonly #values = new Map<string, string[]>();

  /** @param text the values of all its lines, joined; undefined when there is none */
  constructor(text: string | undefined) {
    for (const [, name = "", quoted, plain] of (text ?? "").matchAll(directive)) {
      const key = name.toLowerCase();
      const values = this.#values.get(key) ?? [];
      values.push(quoted ?? plain ?? "");
      this.#values.set(key, values);
    }
  }

  /** Whether it is there, whatever its value: `private="a"` forbids less than `private`, and is read as that. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Seconds; 0 for what is no number, and the least of several. */
  seconds(name: string): number | undefined {
    const values = this.#values.get(name);
    if (values === undefined) return undefined;
    return Math.min(
      ...values.map((value) => (/^\d+$/.test(value) ? Math.min(Number(value), longestS) : 0)),
    );
  }
}
