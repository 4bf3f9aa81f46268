import { join } from "node:path";
import type { OnCallStatus, Rota } from "@kerf/control-api";
import { type Clock, KerfError } from "@kerf/kernel";
import { readJson, writeJson } from "../../state/json-file.ts";
import type { OnCallPerson } from "../notice.ts";
import { assertRota, nextTurn, type Swap, type Turn, turnAt } from "./rota.ts";

/** Teams and swaps of one team that are kept, at most. */
const mostTeams = 200;
const mostSwaps = 200;

/** What is kept of a team. */
interface KeptTeam {
  readonly rota: Rota;
  readonly swaps: readonly (Swap & { readonly by: string })[];
}

/** The rotas of all teams: `state/on-call.json`. */
export class OnCall {
  readonly #file: string;
  readonly #clock: Clock;
  #teams: Readonly<Record<string, KeptTeam>>;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(stateDirectory: string, clock: Clock) {
    this.#file = join(stateDirectory, "on-call.json");
    this.#clock = clock;
    this.#teams = readJson<{ teams: Record<string, KeptTeam> }>(this.#file)?.teams ?? {};
  }

  /** Teams that have a rota. */
  get teams(): string[] {
    return Object.keys(this.#teams).toSorted();
  }

  /** Who of a team is on call now. */
  now(team: string): OnCallPerson | undefined {
    const kept = this.#kept(team);
    const turn = kept && turnAt(kept.rota, kept.swaps, this.#clock.wall());
    return turn && { ...turn.person, until: iso(turn.until) };
  }

  /** Throws `not_found` for a team without a rota. */
  status(team: string): Omit<OnCallStatus, "services"> {
    const { rota, swaps } = this.#found(team);
    const at = this.#clock.wall();
    const now = turnAt(rota, swaps, at);
    return {
      team,
      ...(now === undefined ? undefined : { now: told(now) }),
      next: told(nextTurn(rota, swaps, at)),
      rota,
      swaps: swaps
        .filter(({ until }) => until > at)
        .map(({ by, from, name, until }) => ({ name, from: iso(from), until: iso(until), by })),
    };
  }

  /** Throws `invalid_input`. Swaps with whoever stays hold. */
  async set(team: string, rota: Rota): Promise<void> {
    assertRota(rota);
    await this.#change((teams) => {
      if (!Object.hasOwn(teams, team) && Object.keys(teams).length >= mostTeams)
        throw new KerfError("invalid_input", `There are rotas of ${mostTeams} teams already.`);
      const names = new Set(rota.people.map(({ name }) => name));
      const swaps = (this.#kept(team)?.swaps ?? []).filter(({ name }) => names.has(name));
      return { ...teams, [team]: { rota, swaps } };
    });
  }

  /** Throws `not_found`. */
  async remove(team: string): Promise<void> {
    this.#found(team);
    await this.#change(({ [team]: _gone, ...others }) => others);
  }

  /** Somebody takes over for a while. Throws `not_found` for a team or a person that there is not, `invalid_input` for a time that is over. */
  async swap(team: string, asked: Swap & { readonly by: string }): Promise<void> {
    const { rota } = this.#found(team);
    const names = rota.people.map(({ name }) => name);
    if (!names.includes(asked.name)) {
      throw new KerfError("not_found", {
        message: `The rota of ${team} does not name ${JSON.stringify(asked.name)}.`,
        fix: `Give one of: ${names.join(", ")}`,
      });
    }
    const now = this.#clock.wall();
    if (asked.until <= now || asked.until <= asked.from) {
      throw new KerfError("invalid_input", {
        message: `From ${iso(asked.from)} until ${iso(asked.until)} is no time to come.`,
        fix: "Give a later end.",
      });
    }
    await this.#change((teams) => {
      const kept = teams[team] as KeptTeam;
      const swaps = [...kept.swaps.filter(({ until }) => until > now), asked];
      if (swaps.length > mostSwaps)
        throw new KerfError("invalid_input", `${team} has ${mostSwaps} swaps to come already.`);
      return { ...teams, [team]: { ...kept, swaps } };
    });
  }

  #kept(team: string): KeptTeam | undefined {
    return Object.hasOwn(this.#teams, team) ? this.#teams[team] : undefined;
  }

  #found(team: string): KeptTeam {
    const kept = this.#kept(team);
    if (kept !== undefined) return kept;
    throw new KerfError("not_found", {
      message: `The team ${JSON.stringify(team)} has no rota.`,
      fix:
        this.teams.length === 0
          ? `Set one: kerf oncall set ${team} --file rota.json`
          : `Give one of: ${this.teams.join(", ")}; or set one: kerf oncall set ${team} --file rota.json`,
    });
  }

  #change(
    make: (teams: Readonly<Record<string, KeptTeam>>) => Readonly<Record<string, KeptTeam>>,
  ): Promise<void> {
    const changed = this.#writing.then(async () => {
      const teams = make(this.#teams);
      await writeJson(this.#file, { version: 1, teams });
      this.#teams = teams;
    });
    this.#writing = changed.catch(() => {});
    return changed;
  }
}

function told({ from, person, until }: Turn): NonNullable<OnCallStatus["now"]> {
  return { ...person, from: iso(from), until: iso(until) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
