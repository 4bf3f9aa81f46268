import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Home } from "../../state/home.ts";
import { readJson, writeJson } from "../../state/json-file.ts";

/** The passwords as the file has them. */
interface KeptPasswords {
  /** The platform's own, of a server that we run. */
  admin: string;
  /** By service; `next` while one is being exchanged. */
  readonly services: Record<string, { readonly password: string; readonly next?: string }>;
}

/** Passwords of the users of Redis: random, made once, readable by their owner only. */
export class RedisPasswords {
  readonly #file: string;
  #known: KeptPasswords | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor(home: Home) {
    this.#file = join(home.keys, "redis.json");
  }

  /** Makes those that are missing; resolves when all are on disk, which comes before anyone uses them. */
  async ensure(services: readonly string[]): Promise<void> {
    const known = this.#read();
    const missing = services.filter((service) => known?.services[service] === undefined);
    const kept = known ?? { admin: random(), services: {} };
    for (const service of missing) kept.services[service] = { password: random() };
    this.#known = kept;
    await (known === undefined || missing.length > 0 ? this.#write() : this.#written);
  }

  /** The platform's own; made by {@link ensure}. */
  get admin(): string {
    return this.#kept.admin;
  }

  /** Those that hold now, the one that new connections take first. */
  of(service: string): readonly [string, ...string[]] {
    const { next, password } = this.#of(service);
    return next === undefined ? [password] : [next, password];
  }

  /** Makes the new one of an exchange, or goes on with that of one that did not come to its end. Answers the one that is to go. */
  async begin(service: string): Promise<string> {
    const { next, password } = this.#of(service);
    if (next === undefined) {
      this.#kept.services[service] = { password, next: random() };
      await this.#write();
    }
    return password;
  }

  /** From now on only the new one holds. */
  async finish(service: string): Promise<void> {
    const { next } = this.#of(service);
    if (next === undefined) return;
    this.#kept.services[service] = { password: next };
    await this.#write();
  }

  get #kept(): KeptPasswords {
    return this.#read() as KeptPasswords;
  }

  #of(service: string): KeptPasswords["services"][string] {
    return this.#kept.services[service] as KeptPasswords["services"][string];
  }

  #read(): KeptPasswords | undefined {
    return (this.#known ??= readJson<KeptPasswords>(this.#file));
  }

  #write(): Promise<void> {
    const text = structuredClone(this.#known);
    this.#written = this.#written.then(() => writeJson(this.#file, text));
    return this.#written;
  }
}

/** 32 random bytes, base64url: fits into a URL as it is. */
function random(): string {
  return randomBytes(32).toString("base64url");
}
