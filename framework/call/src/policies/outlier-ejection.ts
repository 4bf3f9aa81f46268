import type { KerfError } from "@kerf/kernel";
import { meansTrouble } from "./circuit-breaker.ts";
import type { PolicyDefaults } from "./defaults.ts";
import { RollingWindow } from "./rolling-window.ts";

/**
 * What an error says of the instance that it came from: true when it fails, false when it answers, undefined when it says nothing of it. Unlike
 * for a breaker, a bug counts: it may be that of one instance, and never more than half are left out.
 */
export function isOutlying(
  error: KerfError,
  tookMs: number,
  policies: PolicyDefaults,
): boolean | undefined {
  if (error.code === "internal" || error.code === "invalid_output") return true;
  return meansTrouble(error, tookMs, policies);
}

/** How often in a window instances are compared. */
const looks = 10;

/** How one instance has fared lately: what ejection judges by. */
export class OutlierRecord {
  /** Failures since the last answer. */
  inARow = 0;
  /** How often it was ejected without a quiet time between. */
  ejections = 0;
  /** Monotonic milliseconds until which it is left out; then a probe decides. */
  ejectedUntil = 0;
  isEjected = false;
  isProbed = false;
  // First: calls. Second: those of them that failed.
  readonly window: RollingWindow;

  constructor(windowMs: number) {
    this.window = new RollingWindow(windowMs);
  }
}

/**
 * Leaves out single instances that fail while others do not: after failures in a row, or by a share of successes well under that of the
 * others. At most half of them, and never the last one; longer each time. What was left out comes back by a probe, not by
 * live traffic.
 */
export class OutlierEjection {
  readonly #policies: PolicyDefaults;
  readonly #onChange: ((record: OutlierRecord) => void) | undefined;
  #records: readonly OutlierRecord[] = [];
  #ejected = 0;
  #comparedAt = 0;

  constructor(policies: PolicyDefaults, onChange?: (record: OutlierRecord) => void) {
    this.#policies = policies;
    this.#onChange = onChange;
  }

  /** How many are left out. */
  get ejected(): number {
    return this.#ejected;
  }

  /** Judges these from now on. */
  watch(records: readonly OutlierRecord[]): void {
    this.#records = records;
    this.#ejected = records.filter(({ isEjected }) => isEjected).length;
  }

  /** Counts how a call to one of them ended. */
  settled(record: OutlierRecord, failed: boolean, now: number): void {
    record.window.addFirst(now);
    if (failed) {
      record.window.addSecond(now);
      record.inARow++;
      if (record.inARow >= this.#policies.ejectAfter) this.#eject(record, now);
    } else record.inARow = 0;
    if (now >= this.#comparedAt + this.#policies.ejectWindowMs / looks) this.#compare(now);
  }

  /** Whether it is time to ask one that is left out whether it is well again; true once for each time. */
  isDue(record: OutlierRecord, now: number): boolean {
    if (!record.isEjected || record.isProbed || now < record.ejectedUntil) return false;
    record.isProbed = true;
    return true;
  }

  /** The answer of a probe: it is back, or left out for longer. */
  probed(record: OutlierRecord, well: boolean, now: number): void {
    record.isProbed = false;
    if (!record.isEjected) return;
    if (well) {
      record.isEjected = false;
      record.inARow = 0;
      record.window.reset(now);
      this.#ejected--;
      this.#onChange?.(record);
    } else this.#leaveOut(record, now);
  }

  #compare(now: number): void {
    this.#comparedAt = now;
    const { ejectCalls, ejectDeviations, ejectInstances, ejectWindowMs } = this.#policies;
    for (const record of this.#records) {
      // Whoever was well for long begins anew.
      const quiet = now - record.ejectedUntil > ejectWindowMs * (record.ejections + 1);
      if (!record.isEjected && record.ejections > 0 && quiet) record.ejections = 0;
      record.window.turn(now);
    }
    const judged = this.#records.filter(({ window }) => window.first >= ejectCalls);
    if (judged.length < ejectInstances) return;
    const shares = judged.map(({ window }) => 1 - window.second / window.first);
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const deviation = Math.sqrt(
      shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length,
    );
    const least = mean - ejectDeviations * deviation;
    for (const [index, record] of judged.entries())
      if ((shares[index] as number) < least) this.#eject(record, now);
  }

  #eject(record: OutlierRecord, now: number): void {
    const { ejectShare } = this.#policies;
    if (record.isEjected || this.#ejected + 1 > this.#records.length * ejectShare) return;
    record.isEjected = true;
    this.#ejected++;
    this.#leaveOut(record, now);
    this.#onChange?.(record);
  }

  #leaveOut(record: OutlierRecord, now: number): void {
    const { ejectMs, longestEjectMs } = this.#policies;
    record.ejections++;
    record.ejectedUntil = now + Math.min(longestEjectMs, ejectMs * record.ejections);
  }
}
