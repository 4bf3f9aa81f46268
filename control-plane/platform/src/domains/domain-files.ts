import { createHash, generateKeyPairSync, X509Certificate } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Home } from "../state/home.ts";
import { clearUnfinished, readText, writeWhole } from "../state/json-file.ts";

/** What a certificate says of itself. */
export interface KnownCertificate {
  readonly issuer: string;
  /** Wall clock, milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** The one that we made to have any. */
  readonly isPlaceholder: boolean;
}

/**
 * Certificates with their keys, one file a domain, and what authorities are to read. Gateways read all of it, with a platform or without,
 * and so it lies with the keys of the environment (0600) and not under the master key, which gateways do not have.
 */
export class DomainFiles {
  readonly #folder: string;

  constructor(home: Home) {
    this.#folder = home.domains;
  }

  /** Removes what a platform that was killed left behind. */
  async open(): Promise<void> {
    clearUnfinished(this.#folder);
    await mkdir(this.#challenges, { recursive: true, mode: 0o700 });
    for (const token of readdirSync(this.#challenges)) rmSync(join(this.#challenges, token));
  }

  /** Undefined where there is none, or what is there is none. */
  certificate(domain: string): KnownCertificate | undefined {
    const text = readText(this.#file(domain));
    if (text === undefined) return undefined;
    try {
      const certificate = new X509Certificate(text);
      return {
        issuer: /^CN=(.+)$/m.exec(certificate.issuer)?.[1] ?? certificate.issuer,
        notBefore: certificate.validFromDate.getTime(),
        notAfter: certificate.validToDate.getTime(),
        isPlaceholder: certificate.issuer === certificate.subject,
      };
    } catch {
      return undefined;
    }
  }

  /** Certificate and key in one file, so that they are replaced in one moment. */
  async keep(domain: string, { chain, key }: { chain: string; key: string }): Promise<void> {
    await writeWhole(this.#file(domain), `${chain.trim()}\n${key.trim()}\n`);
  }

  /** Who we are to an authority: one key for each; made once. PEM. */
  async accountKey(directory: string): Promise<string> {
    const id = createHash("sha256").update(directory).digest("hex").slice(0, 16);
    const file = join(this.#folder, `account-${id}.key`);
    const existing = readText(file);
    if (existing !== undefined) return existing;
    const key = newKey();
    await writeWhole(file, key);
    return key;
  }

  /** Lets gateways answer an authority. */
  async answerWith(token: string, text: string): Promise<void> {
    // It comes from outside and becomes a file name.
    if (!/^[\w-]{1,128}$/.test(token)) throw new Error("The authority's token is none (RFC 8555).");
    await writeWhole(join(this.#challenges, token), text);
  }

  async answerNoMore(token: string): Promise<void> {
    if (/^[\w-]{1,128}$/.test(token)) await rm(join(this.#challenges, token), { force: true });
  }

  get #challenges(): string {
    return join(this.#folder, "challenges");
  }

  #file(domain: string): string {
    return join(this.#folder, `${domain}.pem`);
  }
}

/** A private key (P-256), PEM. */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}
