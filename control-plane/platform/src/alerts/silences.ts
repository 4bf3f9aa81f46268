import { join } from "node:path";
import type { Silence } from "@kerf/control-api";
import { type Clock, KerfError, randomHex } from "@kerf/kernel";
import { readJson, writeJson } from "../state/json-file.ts";

/** Silences that hold at once, at most. */
const mostSilences = 1_000;
/** How long one that is over is kept for whoever comes on call, milliseconds: a turn of a week. */
const keptMs = 7 * 86_400_000;

/** What is kept quiet, by whom and until when: `state/silences.json`. */
export class Silences {
  readonly #file: string;
  readonly #clock: Clock;
  #silences: readonly Silence[];
  #writing: Promise<unknown> = Promise.resolve();

  constructor(stateDirectory: string, clock: Clock) {
    this.#file = join(stateDirectory, "silences.json");
    this.#clock = clock;
    this.#silences = readJson<{ silences: Silence[] }>(this.#file)?.silences ?? [];
  }

  /** Those that hold now, the ones that end first before the others. */
  list(): Silence[] {
    const now = this.#clock.wall();
    return this.#silences
      .filter(({ until }) => Date.parse(until) > now)
      .toSorted((a, b) => a.until.localeCompare(b.until));
  }

  /** The one that keeps an operation quiet now. */
  of(service: string, operation: string): Silence | undefined {
    return this.list().find(
      (silence) => silence.service === service && (silence.operation ?? operation) === operation,
    );
  }

  /** Throws `invalid_input` when there are too many. */
  async add(
    asked: Pick<Silence, "because" | "by" | "operation" | "service"> & { readonly forMs: number },
  ): Promise<Silence> {
    const { because, by, forMs, operation, service } = asked;
    const now = this.#clock.wall();
    const silence: Silence = {
      id: `s-${randomHex(4)}`,
      service,
      ...(operation === undefined ? undefined : { operation }),
      because,
      by,
      from: new Date(now).toISOString(),
      until: new Date(now + forMs).toISOString(),
    };
    await this.#change((silences) => {
      if (this.list().length >= mostSilences) {
        throw new KerfError("invalid_input", {
          message: `There are ${mostSilences} silences already.`,
          fix: "End those that are not needed: kerf alerts silences",
        });
      }
      return [...silences, silence];
    });
    return silence;
  }

  /** Ends one now. Throws `not_found` when it does not hold. */
  async end(id: string): Promise<Silence> {
    const until = new Date(this.#clock.wall()).toISOString();
    const found = this.find(id);
    const ended = { ...found, until };
    await this.#change((silences) => silences.map((each) => (each.id === id ? ended : each)));
    return ended;
  }

  /** One that holds. Throws `not_found`. */
  find(id: string): Silence {
    const found = this.list().find((silence) => silence.id === id);
    if (found !== undefined) return found;
    throw new KerfError("not_found", {
      message: `There is no silence ${JSON.stringify(id)} that holds.`,
      fix: "kerf alerts silences names those that there are.",
    });
  }

  #change(make: (silences: readonly Silence[]) => readonly Silence[]): Promise<void> {
    const changed = this.#writing.then(async () => {
      const since = new Date(this.#clock.wall() - keptMs).toISOString();
      const silences = make(this.#silences).filter(({ until }) => until > since);
      await writeJson(this.#file, { version: 1, silences });
      this.#silences = silences;
    });
    this.#writing = changed.catch(() => {});
    return changed;
  }
}
