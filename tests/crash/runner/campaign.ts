import { type Random, systemClock as clock } from "@kerf/kernel";
import type { Scenario } from "../scenario.ts";
import type { Bench } from "./bench.ts";
import type { Choice } from "./choice.ts";
import { kill, onBenches } from "./kill.ts";
import { gapsOf, labelOf, plannedFrom, type PlannedRun, planOf, type Recording } from "./plan.ts";
import { run } from "./run.ts";

/** What a campaign is made of. */
export interface CampaignParts {
  readonly benches: readonly Bench[];
  readonly scenarios: readonly Scenario[];
  readonly choice: Choice;
  readonly random: Random;
  /** Told a line for each run. */
  readonly say: (line: string) => void;
}

/** One run of a report. */
export interface ReportedRun {
  readonly label: string;
  /** missed: its moment did not come again. */
  readonly verdict: "passed" | "failed" | "missed";
  readonly seconds: number;
  readonly why?: string;
  /** The command that does this one again. */
  readonly repeat?: string;
}

/** What a campaign found. */
export interface CampaignReport {
  readonly passed: boolean;
  readonly seconds: number;
  readonly runs: readonly ReportedRun[];
  /** Points that nobody was killed at, and excuses without need; empty when only a part was wanted. */
  readonly gaps: readonly string[];
  /** Labels of the runs that there would be; of a list only. */
  readonly planned?: readonly string[];
}

/** Kills at every moment of every scenario, on several benches at once. */
export class Campaign {
  readonly #parts: CampaignParts;
  readonly #began = clock.now();
  readonly #runs: ReportedRun[] = [];

  constructor(parts: CampaignParts) {
    this.#parts = parts;
  }

  /** Says which runs there are, without a kill. */
  async list(): Promise<CampaignReport> {
    const { choice, say } = this.#parts;
    const planned = await this.#plan();
    for (const one of planned) say(labelOf(one));
    const gaps = choice.isEverything ? gapsOf(planned) : [];
    for (const gap of gaps) say(gap);
    return { ...this.#found(gaps), planned: planned.map(labelOf) };
  }

  /** Carries out every run. */
  async run(): Promise<CampaignReport> {
    const { benches, choice, say } = this.#parts;
    const planned = await this.#plan();
    const killed: PlannedRun[] = [];
    let done = 0;
    await onBenches(benches, planned, async (bench, one) => {
      const reported = await this.#one(bench, one);
      if (reported.verdict === "passed") killed.push(one);
      const verdict = reported.verdict === "failed" ? "FAILED" : reported.verdict;
      say(
        `[${++done}/${planned.length}] ${verdict} ${reported.label} (${reported.seconds.toFixed(1)} s)`,
      );
      if (reported.why !== undefined) say(reported.why);
    });
    // A part of the runs, or runs that failed, cannot say what all of them miss.
    const isWhole = choice.isEverything && !this.#runs.some(({ verdict }) => verdict === "failed");
    return this.#report(isWhole ? gapsOf(killed) : []);
  }

  /** A first run of each scenario, in which nobody is killed, says where somebody can be. */
  async #plan(): Promise<PlannedRun[]> {
    const { benches, choice, random, scenarios } = this.#parts;
    if (choice.label !== undefined) return [plannedFrom(choice.label, scenarios)];
    const mentioned = scenarios.filter(({ name }) => choice.mentions(name));
    const recorded = new Map<Scenario, Recording>();
    await onBenches(benches, mentioned, async (bench, scenario) => {
      const began = clock.now();
      try {
        recorded.set(scenario, (await run(bench, scenario)).reached);
      } catch (error) {
        this.#failed(`${scenario.name}/nobody is killed`, `${scenario.name}/*`, began, error);
      }
    });
    return mentioned
      .flatMap((scenario) => planOf(scenario, recorded.get(scenario) ?? new Map(), random))
      .filter((one) => choice.covers(labelOf(one)));
  }

  async #one(bench: Bench, planned: PlannedRun): Promise<ReportedRun> {
    const began = clock.now();
    const label = labelOf(planned);
    try {
      const verdict = (await kill(bench, planned)) ? "passed" : "missed";
      const reported = { label, verdict, seconds: secondsSince(began) } as const;
      this.#runs.push(reported);
      return reported;
    } catch (error) {
      return this.#failed(label, label, began, error);
    }
  }

  #failed(label: string, only: string, began: number, error: unknown): ReportedRun {
    const repeat = `npm run crash -- --only '${only}'`;
    const reported: ReportedRun = {
      label,
      verdict: "failed",
      seconds: secondsSince(began),
      why: error instanceof Error ? error.message : String(error),
      repeat,
    };
    this.#runs.push(reported);
    return reported;
  }

  #report(gaps: readonly string[]): CampaignReport {
    const { say } = this.#parts;
    const of = (verdict: ReportedRun["verdict"]) =>
      this.#runs.filter((one) => one.verdict === verdict);
    for (const gap of gaps) say(gap);
    for (const { label, repeat } of of("failed")) say(`FAILED ${label}\n  ${repeat}`);
    const missed = of("missed").length;
    if (missed > 0) say(`${missed} moments did not come again`);
    const failed = of("failed").length + gaps.length;
    const everything = this.#found(gaps);
    // Where nobody was killed nothing was shown.
    const found = { ...everything, passed: everything.passed && of("passed").length > 0 };
    say(`took ${Math.round(found.seconds)} s`);
    say(`${of("passed").length} passed, ${failed} failed`);
    return found;
  }

  #found(gaps: readonly string[]): CampaignReport {
    const passed = gaps.length === 0 && this.#runs.every(({ verdict }) => verdict !== "failed");
    return { passed, seconds: secondsSince(this.#began), runs: this.#runs, gaps };
  }
}

/** With one digit. */
function secondsSince(began: number): number {
  return Math.round((clock.now() - began) / 100) / 10;
}
