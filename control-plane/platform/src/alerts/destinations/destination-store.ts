import { join } from "node:path";
import type { DestinationStatus } from "@kerf/control-api";
import { type Clock, KerfError } from "@kerf/kernel";
import type { SecretStore } from "../../secrets/secret-store.ts";
import { readJson, writeJson } from "../../state/json-file.ts";
import type { Destination, DestinationSecret } from "./destination.ts";
import { smtpServer } from "./email.ts";
import { webhookUrl } from "./webhook.ts";

/** Destinations of one environment, at most: each is sent to on its own. */
const mostDestinations = 50;
/** Whose the secrets are among those of services; no service has such a name. */
const secretsOf = "@alerts";

/** A destination as it is asked for. */
export interface AskedDestination {
  readonly name: string;
  readonly teams?: readonly string[] | undefined;
  readonly to:
    | { readonly kind: "webhook"; readonly url: string; readonly secret?: string | undefined }
    | {
        readonly kind: "email";
        readonly url: string;
        readonly from: string;
        readonly to: readonly string[];
        readonly ca?: string | undefined;
      };
}

/** Where alerts are sent: `state/alert-destinations.json`; addresses and passwords lie with the secrets of services, encrypted. */
export class DestinationStore {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #secrets: SecretStore;
  #destinations: readonly Destination[];
  #writing: Promise<unknown> = Promise.resolve();

  constructor(stateDirectory: string, clock: Clock, secrets: SecretStore) {
    this.#file = join(stateDirectory, "alert-destinations.json");
    this.#clock = clock;
    this.#secrets = secrets;
    this.#destinations = readJson<{ destinations: Destination[] }>(this.#file)?.destinations ?? [];
  }

  list(): readonly Destination[] {
    return this.#destinations;
  }

  /** Throws `not_found`. */
  named(name: string): Destination {
    const found = this.#destinations.find((each) => each.name === name);
    if (found !== undefined) return found;
    throw new KerfError("not_found", {
      message: `There is no destination ${JSON.stringify(name)}.`,
      fix: "kerf alerts destinations ls names those that there are.",
    });
  }

  /** What is secret about one. Throws `invalid_configuration` when it cannot be opened. */
  secret(name: string): DestinationSecret {
    const values = this.#secrets.values(secretsOf, this.#secrets.version(secretsOf));
    const text = values[name];
    if (text !== undefined) return JSON.parse(text) as DestinationSecret;
    throw new KerfError("invalid_configuration", {
      message: `The address of the destination ${name} is not there any more.`,
      fix: `Remove it and add it again: kerf alerts destinations rm ${name}`,
    });
  }

  /** Throws `conflict` for a name that is taken, `invalid_input` for an address that is none. */
  async add(asked: AskedDestination, by: string): Promise<Destination> {
    const { name, teams, to } = asked;
    const at = new Date(this.#clock.wall()).toISOString();
    const common = { name, ...(teams === undefined ? undefined : { teams }), at, by };
    const destination: Destination =
      to.kind === "webhook"
        ? {
            ...common,
            kind: to.kind,
            host: webhookUrl(to.url).host,
            signed: to.secret !== undefined,
          }
        : { ...common, ...emailOf(to) };
    const { secret } = to.kind === "webhook" ? to : {};
    const kept: DestinationSecret = {
      url: to.url,
      ...(secret === undefined ? undefined : { secret }),
    };
    await this.#change(async (destinations) => {
      if (destinations.some((each) => each.name === name)) {
        throw new KerfError("conflict", {
          message: `There is a destination ${name} already.`,
          fix: `Give another name, or remove it first: kerf alerts destinations rm ${name}`,
          retry: "never",
        });
      }
      if (destinations.length >= mostDestinations)
        throw new KerfError("invalid_input", `There are ${mostDestinations} destinations already.`);
      // First: one that nobody can send to is worse than a secret that nobody uses.
      await this.#secrets.set(secretsOf, name, JSON.stringify(kept), { by });
      return [...destinations, destination];
    });
    return destination;
  }

  /** Throws `not_found`. */
  async remove(name: string, by: string): Promise<void> {
    this.named(name);
    await this.#change(async (destinations) => destinations.filter((each) => each.name !== name));
    await this.#secrets.remove(secretsOf, name, { by }).catch((thrown: unknown) => {
      if (!(thrown instanceof KerfError && thrown.code === "not_found")) throw thrown;
    });
  }

  #change(
    make: (destinations: readonly Destination[]) => Promise<readonly Destination[]>,
  ): Promise<void> {
    const changed = this.#writing.then(async () => {
      const destinations = await make(this.#destinations);
      await writeJson(this.#file, { version: 1, destinations });
      this.#destinations = destinations;
    });
    this.#writing = changed.catch(() => {});
    return changed;
  }
}

/** A destination as it may be told. */
export function toldDestination(
  { ca: _ca, from, signed, teams, to, ...rest }: Destination,
  last: DestinationStatus["last"],
  waiting: number,
): DestinationStatus {
  return {
    ...rest,
    ...(teams === undefined ? undefined : { teams: [...teams] }),
    ...(signed === undefined ? undefined : { signed }),
    ...(from === undefined ? undefined : { from }),
    ...(to === undefined ? undefined : { to: [...to] }),
    ...(last === undefined ? undefined : { last }),
    waiting,
  };
}

function emailOf(to: Extract<AskedDestination["to"], { kind: "email" }>) {
  const { host, port } = smtpServer(to.url);
  const { ca, from, kind } = to;
  return {
    kind,
    host: `${host}:${port}`,
    from,
    to: to.to,
    ...(ca === undefined ? undefined : { ca }),
  };
}
