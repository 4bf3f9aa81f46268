import { hkdfSync } from "node:crypto";

/** Least bytes of a secret that keys are made from: 256 bits. */
const leastBytes = 32;

/** What keys are for; a cookie of one purpose cannot pass for one of another. */
export type CookiePurpose = "session" | "login" | "csrf";

/** Keys for cookies, made from secrets (HKDF with SHA-256, RFC 5869). The first one seals, all of them open. */
export class CookieKeys {
  readonly #secrets: readonly Uint8Array[];
  readonly #context: string;
  readonly #made = new Map<CookiePurpose, readonly Uint8Array[]>();

  /** @param context whom the cookies are for; with another one the same secrets make other keys */
  constructor(secrets: readonly Uint8Array[], context: string) {
    this.#secrets = secrets;
    this.#context = context;
  }

  /** Keys of 32 bytes, the newest first. */
  of(purpose: CookiePurpose): readonly Uint8Array[] {
    let keys = this.#made.get(purpose);
    if (keys === undefined) {
      const info = `kerf cookie ${purpose} ${this.#context}`;
      keys = this.#secrets.map(
        (secret) => new Uint8Array(hkdfSync("sha256", secret, "", info, 32)),
      );
      this.#made.set(purpose, keys);
    }
    return keys;
  }
}

/** The secrets of a key file, one a line, the newest first. @throws Error that says which line is wrong */
export function readSecrets(text: string): readonly Uint8Array[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new Error("It is empty.");
  return lines.map((line, index) => {
    const secret = Buffer.from(line.trim(), "base64url");
    if (!/^[A-Za-z0-9_-]+$/.test(line.trim()) || secret.length < leastBytes)
      throw new Error(`Key ${index + 1} is not ${leastBytes} bytes in base64url.`);
    return secret;
  });
}
