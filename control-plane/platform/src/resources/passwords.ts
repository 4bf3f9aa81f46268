import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Home } from "../state/home.ts";
import { readJson, writeJson } from "../state/json-file.ts";

/** Passwords of the two roles of one service's database. */
export interface DatabasePasswords {
  readonly owner: string;
  readonly app: string;
}

/** Passwords of the services' roles: random, made once, readable by their owner only. */
export class Passwords {
  readonly #file: string;
  readonly #known: Record<string, DatabasePasswords>;
  #written: Promise<void> = Promise.resolve();

  constructor(home: Home) {
    this.#file = join(home.keys, "databases.json");
    this.#known = readJson<Record<string, DatabasePasswords>>(this.#file) ?? {};
  }

  /** Makes those that are missing; resolves when all are on disk, which comes before anyone uses them. */
  async ensure(services: readonly string[]): Promise<void> {
    const missing = services.filter((service) => this.#known[service] === undefined);
    if (missing.length > 0) {
      for (const service of missing) this.#known[service] = { owner: random(), app: random() };
      this.#written = this.#written.then(() => writeJson(this.#file, this.#known));
    }
    await this.#written;
  }

  of(service: string): DatabasePasswords {
    return this.#known[service] as DatabasePasswords;
  }
}

function random(): string {
  return randomBytes(32).toString("base64url");
}
