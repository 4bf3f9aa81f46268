import { type ConnectionConfig, serviceNames, withConnection } from "@kerf/data";
import { KerfError } from "@kerf/kernel";
import type { Locations } from "./moves/locations.ts";
import type { Passwords } from "./passwords.ts";
import { refusedLogin } from "./refused-login.ts";

/** What an exchange of passwords works on. */
export interface PasswordRotationOptions {
  readonly locations: Locations;
  readonly passwords: Passwords;
  /** Throws when the service has no database, or why it cannot be had. */
  connection(service: string, role: "app" | "owner"): ConnectionConfig;
  /** Gives the roles of a service the passwords that they are to have by now. */
  provisionAgain(service: string): Promise<void>;
}

/** Exchanges the passwords of services' roles while they work. */
export class PasswordRotation {
  readonly #options: PasswordRotationOptions;
  readonly #rotating = new Set<string>();

  constructor(options: PasswordRotationOptions) {
    this.#options = options;
  }

  /** Whether those of a service are being exchanged. */
  isRotating(service: string): boolean {
    return this.#rotating.has(service);
  }

  /**
   * Exchanges those of a service's roles. First the new ones hold beside the old ones; `exchange` makes every instance use them; then the old ones
   * are refused, which is tried. What ends early leaves both holding, and the next attempt goes on. Answers how each old one was refused, by its role.
   */
  async rotate(service: string, exchange: () => Promise<unknown>): Promise<Record<string, string>> {
    const { locations, passwords } = this.#options;
    const appRole = this.#options.connection(service, "app");
    if (this.isRotating(service))
      throw isBusy(`The passwords of ${service} are being exchanged already.`);
    if (locations.unfinished?.service === service)
      throw isBusy(`The database of ${service} is being moved.`);
    this.#rotating.add(service);
    try {
      const { app, owner, login } = passwords.current(service);
      const old = [
        { ...appRole, user: serviceNames(service)[login], password: app },
        { ...this.#options.connection(service, "owner"), password: owner },
      ];
      await passwords.begin(service);
      await this.#options.provisionAgain(service);
      await exchange();
      await passwords.finish(service);
      await this.#options.provisionAgain(service);
      const now = [
        this.#options.connection(service, "app"),
        this.#options.connection(service, "owner"),
      ];
      await Promise.all(
        now.map((connection) => withConnection(connection, "kerf/rotate", () => Promise.resolve())),
      );
      const refused = old.map(
        async (connection) => [connection.user, await refusedLogin(connection)] as const,
      );
      return Object.fromEntries(await Promise.all(refused));
    } finally {
      this.#rotating.delete(service);
    }
  }
}

function isBusy(message: string): KerfError {
  return new KerfError("conflict", { message, fix: "Wait for its end: kerf audit says when." });
}
