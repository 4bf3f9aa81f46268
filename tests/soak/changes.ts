import { isDeepStrictEqual } from "node:util";
import type { ChangeReport, ReleaseStatus } from "@kerf/control-api";
import type { Random } from "@kerf/kernel";
import { pick } from "../workload/draw.ts";
import { choicesOf, type Kind } from "./choices.ts";
import type { DeployJournal } from "./deploy-journal.ts";
import type { ReleasedShop } from "./released-shop.ts";
import type { SourceCopy } from "./source-copy.ts";

/** A change that was asked for. */
export interface Made {
  readonly kind: Kind;
  /** `cut orders`. */
  readonly what: string;
  /** How long the platform took for it, without the build, milliseconds. */
  readonly ms: number;
  /** Why it was not made. */
  readonly failed?: string;
  /** What runs afterwards that should not. */
  readonly wrong?: string;
}

/** What changes are made with. */
export interface ChangesOptions {
  readonly shop: ReleasedShop;
  readonly source: SourceCopy;
  readonly random: Random;
  readonly journal: DeployJournal;
  /** How long a new release is watched, seconds. */
  readonly watch: number;
  /** The releases there are when everything is ready for the first time. */
  readonly releases: readonly ReleaseStatus[];
}

/** Asks for changes one after another, and looks after each whether that is what runs. */
export class Changes {
  readonly made: Made[] = [];
  readonly #shop: ReleasedShop;
  readonly #source: SourceCopy;
  readonly #random: Random;
  readonly #journal: DeployJournal;
  readonly #watch: number;
  readonly #ready: ReadonlyMap<string, number>;
  #what = "";
  #edition = 0;
  /** What each build of `catalog` answers, by digest. */
  readonly #editions = new Map<string, string>();

  constructor(options: ChangesOptions) {
    this.#shop = options.shop;
    this.#source = options.source;
    this.#random = options.random;
    this.#journal = options.journal;
    this.#watch = options.watch;
    const running = options.releases.filter((release) => release.running);
    this.#ready = new Map(running.map(({ unit, number }) => [unit, number]));
  }

  /** Tells which step of the change is under way. */
  at(step: string): void {
    if (this.#what !== "") this.#journal.during = `${this.#what}: ${step}`;
  }

  /** Makes the first change of the deck that can be made now, and takes it out. */
  async next(deck: Kind[]): Promise<Made> {
    const [status, releases] = await Promise.all([this.#shop.status(), this.#shop.releases()]);
    const possible = deck.findIndex(
      (each) => choicesOf(each, status, releases, this.#ready).length > 0,
    );
    // Only cuts may be left with nothing to cut: a join that nobody drew makes room for them.
    const [kind = "join"] = possible < 0 ? [] : deck.splice(possible, 1);
    const args = pick(this.#random, choicesOf(kind, status, releases, this.#ready));
    const what = `${kind} ${args.join(" ")}`;
    this.#what = what;
    this.#journal.during = `${what}: build`;
    let made: Made;
    try {
      const report = await this.#make(kind, args);
      this.#journal.during = `after ${what}`;
      const wrong = await this.#differs(report, kind === "deploy" ? args[0] : undefined);
      made = { kind, what, ms: report.ms, ...(wrong === undefined ? undefined : { wrong }) };
    } catch (thrown) {
      made = { kind, what, ms: 0, failed: (thrown as Error).message };
    }
    this.#what = "";
    this.made.push(made);
    return made;
  }

  async #make(kind: Kind, args: readonly string[]): Promise<ChangeReport> {
    if (kind === "rollback") return this.#shop.kerf(kind, ...args);
    if (kind !== "deploy") return this.#shop.kerf(kind, ...args, "--watch", "0");
    const [service = ""] = args;
    this.#edition += 1;
    await this.#source.edit(service, this.#edition);
    return this.#shop.deploy(service, "--watch", String(this.#watch));
  }

  /** What runs that is not what a change said; undefined when it is. */
  async #differs(report: ChangeReport, deployed: string | undefined): Promise<string | undefined> {
    const [status, releases] = await Promise.all([this.#shop.status(), this.#shop.releases()]);
    const running = releases.filter((release) => release.running);
    for (const [name, { after }] of Object.entries(report.units)) {
      const release = running.find(({ unit }) => unit === name);
      if (after?.release !== release?.number)
        return `${name} is at release ${release?.number}, not ${after?.release}`;
      if (name.startsWith("gateway:")) continue;
      const placed = status.units.find((unit) => unit.name === name);
      if (!isDeepStrictEqual(placed?.services.toSorted(), after?.services.toSorted()))
        return `${name} has ${placed?.services.join(", ")}, not ${after?.services.join(", ")}`;
    }
    const digest = running
      .map(({ builds }) => builds["catalog"])
      .find((each) => each !== undefined);
    if (digest === undefined) return "no release of catalog runs";
    if (deployed === "catalog") this.#editions.set(digest, ` #${this.#edition}`);
    const wanted = `Steel rule 300 mm${this.#editions.get(digest) ?? ""}`;
    const response = await fetch(`${this.#shop.url}/products/rule-steel`);
    const { name } = (await response.json()) as { name?: string };
    return name === wanted ? undefined : `catalog answers ${name}, not ${wanted}`;
  }
}
