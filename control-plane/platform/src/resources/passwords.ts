import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { RolePasswords } from "@kerf/data";
import type { Home } from "../state/home.ts";
import { readJson, writeJson } from "../state/json-file.ts";

/** Which of the two ways to log in as the app role. */
type Login = "app" | "second";

/** The passwords of one service's database as the file has them. */
interface KeptPasswords {
  readonly owner: string;
  /** Of the way in {@link login}. */
  readonly app: string;
  /** Absent in files of the version before, which knew one way. */
  readonly login?: Login;
  /** An exchange that is under way: the passwords after it, the app's for the other way. */
  readonly next?: { readonly owner: string; readonly app: string };
}

/** Passwords of the services' roles: random, made once, readable by their owner only. */
export class Passwords {
  readonly #file: string;
  readonly #known: Record<string, KeptPasswords>;
  #written: Promise<void> = Promise.resolve();

  constructor(home: Home) {
    this.#file = join(home.keys, "databases.json");
    this.#known = readJson<Record<string, KeptPasswords>>(this.#file) ?? {};
  }

  /** Makes those that are missing; resolves when all are on disk, which comes before anyone uses them. */
  async ensure(services: readonly string[]): Promise<void> {
    const missing = services.filter((service) => this.#known[service] === undefined);
    for (const service of missing) this.#known[service] = { owner: random(), app: random() };
    await (missing.length > 0 ? this.#write() : this.#written);
  }

  /** What the roles are to have now: during an exchange both ways of the app hold, and new connections take the new one. */
  of(service: string): RolePasswords {
    const { app, login = "app", next, owner } = this.#known[service] as KeptPasswords;
    if (next !== undefined) {
      const other = otherThan(login);
      return { owner, ...byLogin(login, app, next.app), login: other };
    }
    // The second way is there once it was used.
    if (login === "app") return { owner, app, second: this.#used(service) ? null : undefined };
    return { owner, app: null, second: app, login };
  }

  /** Those that are to go when an exchange begins, or that are to go in the one that has begun. */
  current(service: string): {
    readonly owner: string;
    readonly app: string;
    readonly login: Login;
  } {
    const { app, login = "app", owner } = this.#known[service] as KeptPasswords;
    return { app, login, owner };
  }

  /** Makes the passwords of an exchange, or goes on with those of one that did not come to its end. */
  async begin(service: string): Promise<void> {
    const kept = this.#known[service] as KeptPasswords;
    if (kept.next !== undefined) return;
    this.#known[service] = { ...kept, next: { owner: random(), app: random() } };
    await this.#write();
  }

  /** From now on only the new passwords hold. */
  async finish(service: string): Promise<void> {
    const { login = "app", next } = this.#known[service] as KeptPasswords;
    if (next === undefined) return;
    this.#known[service] = { ...next, login: otherThan(login) };
    await this.#write();
  }

  /** Whether passwords were ever exchanged: then the file says which way is the one. */
  #used(service: string): boolean {
    return this.#known[service]?.login !== undefined;
  }

  #write(): Promise<void> {
    const text = structuredClone(this.#known);
    this.#written = this.#written.then(() => writeJson(this.#file, text));
    return this.#written;
  }
}

function otherThan(login: Login): Login {
  return login === "app" ? "second" : "app";
}

function byLogin(login: Login, current: string, next: string): Pick<RolePasswords, Login> {
  return login === "app" ? { app: current, second: next } : { app: next, second: current };
}

function random(): string {
  return randomBytes(32).toString("base64url");
}
