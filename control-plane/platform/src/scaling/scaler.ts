import { scalingDefaults as numbers, type ScalingSettings } from "./settings.ts";

/** What all copies of a unit carry together at one moment. */
export interface ScalingSample {
  /** Calls in flight, with those that wait for a first copy. */
  readonly inFlight: number;
  readonly streams: number;
  /** Processor time by time, 1 is a whole core. */
  readonly cpuShare: number;
  /** Events that wait. */
  readonly lag: number;
  /** Whether it was called, or has read events, since the sample before. */
  readonly called: boolean;
}

/** How many copies there are to be, and why as many. */
export interface ScalingDecision {
  readonly copies: number;
  readonly why: string;
}

interface Moment extends ScalingSample {
  readonly at: number;
}

interface Need {
  readonly at: number;
  readonly copies: number;
  readonly why: string;
}

/** Samples closer to each other than this are one, in milliseconds: what is remembered is bounded by time. */
const leastGapMs = 250;

/**
 * Decides how many copies a unit needs. Pure: it knows what it is told, and when. More as soon as the mean of 3 s asks for it; fewer once no
 * mean of the last 60 s asked for as many as there are, so that load that comes and goes within a minute changes nothing.
 */
export class Scaler {
  readonly #settings: ScalingSettings;
  #copies: number;
  #changedAt: number;
  #busyAt: number;
  #recent: Moment[] = [];
  #needs: Need[] = [];

  /** @param copies how many there are at `now`, monotonic milliseconds */
  constructor(settings: ScalingSettings, copies: number, now: number) {
    this.#settings = settings;
    this.#copies = copies;
    this.#changedAt = now;
    this.#busyAt = now;
  }

  /** Takes a sample, about one a second, and answers how many copies there are to be from now on. */
  decide(sample: ScalingSample, now: number): ScalingDecision {
    const { min, max } = this.#settings;
    if (isBusy(sample)) this.#busyAt = now;
    if (this.#copies < min) return this.#change(min, `at least ${min}`, now);
    if (this.#copies > max) return this.#change(max, `at most ${max}`, now);
    if (this.#copies === 0) return this.#wake(sample, now);
    const need = this.#need(sample, now);
    if (need === undefined) return this.#stay("not watched for long enough yet");
    if (need.copies > this.#copies) return this.#grow(need, now);
    return this.#shrink(now);
  }

  #wake(sample: ScalingSample, now: number): ScalingDecision {
    if (!isBusy(sample)) return this.#stay("nothing to do");
    const { inFlight, lag, streams } = sample;
    const isCalled = inFlight > 0 || streams > 0 || lag === 0;
    return this.#change(1, isCalled ? "it is called" : `events wait: ${lag}`, now);
  }

  #grow({ copies, why }: Need, now: number): ScalingDecision {
    const { upAtLeast, upFactor } = numbers;
    const most = Math.max(this.#copies * upFactor, this.#copies + upAtLeast);
    return this.#change(Math.min(copies, most), why, now);
  }

  #shrink(now: number): ScalingDecision {
    const { max, min, idleMs = numbers.idleMs } = this.#settings;
    if (min === 0 && now - Math.max(this.#busyAt, this.#changedAt) >= idleMs)
      return this.#change(0, `nothing to do for ${Math.round(idleMs / 1_000)} s`, now);
    const { downAfterMs, downFactor } = numbers;
    if (now - this.#changedAt < downAfterMs) return this.#stay("changed within the last minute");
    const most = this.#needs.reduce((one, other) => (other.copies > one.copies ? other : one));
    const wanted = Math.max(
      most.copies,
      Math.ceil(this.#copies * downFactor),
      // Only idleness lets the last one go.
      Math.max(min, 1),
    );
    if (wanted >= this.#copies) return this.#stay(most.why);
    return this.#change(Math.min(wanted, max), `for a minute no more than ${most.why}`, now);
  }

  /** How many copies the mean of the last 3 s asks for; undefined as long as it has not watched for as long. */
  #need(sample: ScalingSample, now: number): Need | undefined {
    const { downAfterMs, upAfterMs } = numbers;
    const last = this.#recent.at(-1);
    if (last === undefined || now - last.at >= leastGapMs)
      this.#recent.push({ ...sample, at: now });
    // The youngest of those that are old enough stays: the mean is to span the time.
    while ((this.#recent[1]?.at ?? now) <= now - upAfterMs) this.#recent.shift();
    if (now - Math.max(this.#changedAt, this.#recent[0]?.at ?? now) < upAfterMs) return undefined;
    const need = { ...this.#asked(), at: now };
    const latest = this.#needs.at(-1);
    if (latest === undefined || now - latest.at >= leastGapMs) this.#needs.push(need);
    while ((this.#needs[0]?.at ?? now) < now - downAfterMs) this.#needs.shift();
    return need;
  }

  #asked(): { copies: number; why: string } {
    const { max, min, target } = this.#settings;
    let most = { copies: Math.max(min, 1), why: `${Math.max(min, 1)}, the least` };
    for (const [what, name] of measures) {
      const each = target[what];
      if (each === undefined) continue;
      const all = this.#recent.reduce((sum, moment) => sum + moment[what], 0) / this.#recent.length;
      const isNear = Math.abs(all / (each * this.#copies) - 1) <= numbers.tolerance;
      const copies = Math.min(max, isNear ? this.#copies : Math.ceil(all / each));
      if (copies <= most.copies) continue;
      most = { copies, why: `${copies}: ${round(all)} ${name}, ${round(each)} for each` };
    }
    return most;
  }

  #change(copies: number, why: string, now: number): ScalingDecision {
    this.#copies = copies;
    this.#changedAt = now;
    this.#recent = [];
    this.#needs = [];
    return { copies, why };
  }

  #stay(why: string): ScalingDecision {
    return { copies: this.#copies, why };
  }
}

const measures = [
  ["inFlight", "calls in flight"],
  ["cpuShare", "cores"],
  ["lag", "events waiting"],
] as const;

function isBusy({ called, inFlight, lag, streams }: ScalingSample): boolean {
  return called || inFlight > 0 || streams > 0 || lag > 0;
}

function round(value: number): string {
  return String(Number(value.toFixed(2)));
}
