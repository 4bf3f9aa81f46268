import { p99Between, quantileOf, successOf } from "./load/figures.ts";
import type { Sample } from "./load/open-loop.ts";
import { type Ratio, ratioOfMedians } from "./load/ratio.ts";
import { type Kind, kinds } from "./load/request-at.ts";

/** Least share of calls that succeed where all of them may be repeated. */
const leastOfRepeated = 0.999;
/** How long the 99th percentile may be over its bound after the fault, seconds. */
const recoveryBoundS = 5;
/** That bound, in times what is normal: the median of the 99th percentiles of the seconds before the fault, which one bad second does not raise. */
const slowerBound = 2;
/** Most calls that are sent for one that is made: the retry budget of `defaults.md` is a fifth of the calls. */
const attemptsBound = 1.2;
/** Of what nobody is to notice: the least that the interval of the 99th percentile may begin at, in times what it was. Ours: a tenth is what a run of itself differs by. */
const steadyBound = 1.1;
/** Seconds in a row in which the bound holds that make a recovery. */
const steadyS = 3;

/** What was seen of a scenario. */
export interface Observed {
  readonly samples: readonly Sample[];
  /** When the fault came and when the load ended, milliseconds from its start. */
  readonly faultAtMs: number;
  readonly lastsMs: number;
  /** Calls that reached the handlers. */
  readonly executed: { readonly stock: number; readonly quotes: number };
  /** What the program that grew most holds beyond what it held before the fault, MB; undefined where nobody looked. */
  readonly grownMb?: number | undefined;
}

/** What a scenario is held to. */
export interface Judged {
  readonly leastSuccess?: number;
  readonly memoryBoundMb?: number;
  readonly isSteady?: boolean;
}

/** The figures of one scenario, and what of them is not as it must be. */
export interface Outcome {
  readonly scenario: string;
  readonly calls: number;
  readonly failed: number;
  readonly success: number;
  /** Of each second before the fault and after it, milliseconds. */
  readonly p99Before: readonly number[];
  readonly p99After: readonly number[];
  /** The median of the first ones, and of the second ones from {@link recoveryBoundS} on, milliseconds. */
  readonly p99Normal: number;
  readonly p99Recovered: number;
  readonly byKind: Readonly<Record<Kind, { before: number; recovered: number; failed: number }>>;
  /** Seconds from the fault until the 99th percentile was back under its bound; undefined for never. */
  readonly recoveryS: number | undefined;
  /** Calls that reached a service for each that was made to it. */
  readonly attempts: { readonly stock: number; readonly quotes: number };
  /** Why requests failed, and how many. */
  readonly failures: Readonly<Record<string, number>>;
  /** The 99th percentiles of the seconds after the fault to those before it, where that is what it is held to. */
  readonly ratio?: Ratio;
  /** By how much the program that grew most did, and may, MB. */
  readonly memory?: { readonly grownMb: number | undefined; readonly boundMb: number };
  readonly violations: readonly string[];
}

/** Judges what was seen. */
export function outcomeOf(
  scenario: string,
  observed: Observed,
  { isSteady = false, leastSuccess = leastOfRepeated, memoryBoundMb }: Judged = {},
): Outcome {
  const { samples, faultAtMs, grownMb, lastsMs, executed } = observed;
  const p99Before = p99BySecond(samples, 0, faultAtMs);
  const p99After = p99BySecond(samples, faultAtMs, lastsMs);
  const p99Normal = quantileOf(p99Before, 0.5) ?? 0;
  const p99Recovered = quantileOf(p99After.slice(recoveryBoundS), 0.5) ?? 0;
  const recoveredAt = faultAtMs + recoveryBoundS * 1_000;
  const recoveryS = recoveryOf(p99After, p99Normal * slowerBound);
  const made = Object.fromEntries(
    kinds.map((kind) => [kind, samples.filter((sample) => sample.kind === kind)]),
  ) as Record<Kind, Sample[]>;
  // Every call that reaches quotes makes one to stock.
  const attempts = {
    stock: executed.stock / (made.query.length + made.command.length + executed.quotes),
    quotes: executed.quotes / made.nested.length,
  };
  const success = successOf(samples);
  const violations: string[] = [];
  if (success < leastSuccess)
    violations.push(`${percent(success)} succeeded, not ${percent(leastSuccess)}`);
  const ratio = isSteady ? ratioOfMedians(p99Before, p99After) : undefined;
  if (isSteady) {
    if (ratio === undefined || ratio.least > steadyBound)
      violations.push(
        `p99 after the fault is ${textOf(ratio)} what it was: that is more than chance explains`,
      );
  } else {
    if (recoveryS === undefined || recoveryS > recoveryBoundS)
      violations.push(`recovered after ${recoveryS ?? "?"} s, not within ${recoveryBoundS} s`);
    if (p99Recovered > p99Normal * slowerBound)
      violations.push(
        `p99 from ${recoveryBoundS} s after the fault on is ${(p99Recovered / p99Normal).toFixed(1)} × what it was, not under ${slowerBound} ×`,
      );
  }
  if (memoryBoundMb !== undefined && (grownMb ?? Number.POSITIVE_INFINITY) > memoryBoundMb)
    violations.push(`a program grew by ${grownMb?.toFixed(1) ?? "?"} MB, over ${memoryBoundMb} MB`);
  for (const [service, times] of Object.entries(attempts))
    if (times > attemptsBound)
      violations.push(`${service} got ${times.toFixed(3)} calls for each one made to it`);
  return {
    scenario,
    calls: samples.length,
    failed: samples.filter(({ status }) => status !== 200).length,
    success,
    p99Before,
    p99After,
    p99Normal,
    p99Recovered,
    byKind: Object.fromEntries(
      kinds.map((kind) => [
        kind,
        {
          before: p99Between(made[kind], 0, faultAtMs) ?? 0,
          recovered: p99Between(made[kind], recoveredAt, lastsMs) ?? 0,
          failed: made[kind].filter(({ status }) => status !== 200).length,
        },
      ]),
    ) as Outcome["byKind"],
    recoveryS,
    attempts,
    failures: failuresOf(samples),
    ...(ratio === undefined ? undefined : { ratio }),
    ...(memoryBoundMb === undefined ? undefined : { memory: { grownMb, boundMb: memoryBoundMb } }),
    violations,
  };
}

/** The 99th percentile of each whole second. */
function p99BySecond(samples: readonly Sample[], fromMs: number, toMs: number): number[] {
  const seconds: number[] = [];
  for (let at = fromMs; at + 1_000 <= toMs; at += 1_000)
    seconds.push(p99Between(samples, at, at + 1_000) ?? 0);
  return seconds;
}

/** The first second from which on the bound held for some seconds in a row, counted from the fault. */
function recoveryOf(p99After: readonly number[], boundMs: number): number | undefined {
  const last = Math.max(0, p99After.length - steadyS);
  for (let second = 0; second <= last; second++)
    if (p99After.slice(second, second + steadyS).every((ms) => ms < boundMs)) return second;
  return undefined;
}

function failuresOf(samples: readonly Sample[]): Record<string, number> {
  const failures: Record<string, number> = {};
  for (const { kind, status, error } of samples) {
    if (status === 200) continue;
    const code = /"code":"(\w+)"/.exec(error ?? "")?.[1] ?? error;
    const name = `${kind} ${status} ${code}`;
    failures[name] = (failures[name] ?? 0) + 1;
  }
  return failures;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(3)} %`;
}

function textOf(ratio: Ratio | undefined): string {
  if (ratio === undefined) return "unknown";
  const { least, most, value } = ratio;
  return `${value.toFixed(2)} × (95 %: ${least.toFixed(2)} to ${most.toFixed(2)})`;
}

/** The outcome as lines. */
export function* linesOf(outcome: Outcome): Generator<string> {
  const { attempts, byKind, failures, p99After, p99Before, violations } = outcome;
  const ms = (value: number): string => value.toFixed(1);
  yield `  success            ${percent(outcome.success)} (${outcome.failed} of ${outcome.calls} failed)`;
  for (const [name, count] of Object.entries(failures)) yield `    ${name}: ${count}`;
  yield `  p99 of each second ${p99Before.map(ms).join(" ")} ms before`;
  yield `                     ${p99After.map(ms).join(" ")} ms after`;
  yield `  p99 in the median  ${ms(outcome.p99Normal)} ms before, ${ms(outcome.p99Recovered)} ms from ${recoveryBoundS} s on`;
  for (const kind of kinds)
    yield `    p99 of ${kind.padEnd(11)} ${ms(byKind[kind].before)} ms before, ${ms(byKind[kind].recovered)} ms from ${recoveryBoundS} s on, ${byKind[kind].failed} failed`;
  yield `  recovery           ${outcome.recoveryS === undefined ? "never" : `${outcome.recoveryS} s`}`;
  yield `  attempts per call  stock ${attempts.stock.toFixed(3)}, quotes ${attempts.quotes.toFixed(3)}`;
  if (outcome.ratio !== undefined) yield `  p99 after to before ${textOf(outcome.ratio)}`;
  if (outcome.memory !== undefined) {
    const { boundMb, grownMb } = outcome.memory;
    yield `  memory             ${grownMb === undefined ? "?" : ms(grownMb)} MB more in the program that grew most; the bound is ${boundMb} MB`;
  }
  for (const violation of violations) yield `  VIOLATED ${violation}`;
  yield `  ${violations.length === 0 ? "ok" : "FAILED"} ${outcome.scenario}`;
}
