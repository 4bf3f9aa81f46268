import { type Clock, KerfError } from "@kerf/kernel";
import { compareLoad, type LoadComparison } from "../load/compare-load.ts";
import type { LoadKeeper } from "../load/load-keeper.ts";
import type { Asked } from "./change.ts";
import type { WatchVerdict } from "./watch-verdict.ts";

/** Pause between two looks, milliseconds: programs tell of their load once a second. */
const lookMs = 1_000;
/** How far back the old release is looked at, milliseconds. */
const beforeMs = 60_000;

/**
 * A program's first calls are its slowest: its code is not compiled yet, its connections are opened. A tenth of the calls, for two seconds that are
 * not judged, wakes it; all of them at once would wait for each other, past the shorter deadlines. (Under 500 calls a second to one cold copy on two
 * cores, 3 of its first 143 came too late.) Load balancers know the same as slow start.
 */
const warmUp = { share: 0.1, ms: 2_000 };

/**
 * A busy machine takes longer than that to warm a program up. What looks worse so soon, milliseconds, is looked at once more by what comes afterwards, at
 * least for as long as the second says; a release that is worse still is.
 */
const doubtMs = 5_000;
const confirmMs = 3_000;

/** What staged copies are watched by. */
export interface Watching {
  readonly clock: Clock;
  readonly load: LoadKeeper;
  /** What an operator says meanwhile. */
  readonly verdict: WatchVerdict;
  /** The units that have old and staged copies of other releases; empty where there is nothing to compare. */
  readonly units: readonly string[];
  readonly releases: (unit: string) => { readonly old: string; readonly now: string };
  /** Gives the staged copies this share of the calls; resolves when everyone knows. */
  readonly share: (share: number) => Promise<void>;
  readonly step: (
    step: "warm" | "watch",
    detail: string,
    work: () => Promise<string | void>,
  ) => Promise<void>;
}

/**
 * Lets staged copies be called, a few first to warm up, a share of the calls when a canary is wanted, then all of them while the old ones stand by,
 * and compares them with the release before. Throws `release_worse` when they do worse, `abandoned` when an operator does not want them; one who
 * promotes them ends the watch.
 */
export async function watchStaged(
  watching: Watching,
  { canary, watchMs = 0 }: Pick<Asked, "canary" | "watchMs">,
): Promise<void> {
  if (watching.units.length === 0 || watchMs === 0) return;
  const first = Math.min(canary ?? 1, warmUp.share);
  await watching.step("warm", described(first, warmUp.ms), async () => {
    await watching.share(first);
    await watching.verdict.pause(watching.clock, warmUp.ms);
  });
  const shares = canary === undefined ? [1] : [canary, 1];
  for (const share of shares) {
    if (watching.verdict.isPromoted) return;
    await watching.step("watch", described(share, watchMs), async () => {
      await watching.share(share);
      // What programs still tell of the time before is not of this share.
      await watching.verdict.pause(watching.clock, lookMs);
      const since = watching.clock.now();
      await watch(watching, watchMs);
      const { promotedBy } = watching.verdict;
      const how =
        promotedBy === undefined
          ? described(share, watchMs)
          : `${percent(share)} of the calls, promoted by ${promotedBy}`;
      return `${how}: ${seen(watching, since)}`;
    });
  }
}

function described(share: number, ms: number): string {
  return `${percent(share)} of the calls for ${ms / 1_000} s`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

async function watch(watching: Watching, watchMs: number): Promise<void> {
  const { clock, units, verdict } = watching;
  const begun = clock.now();
  // From when on it is looked at; later than the beginning when that was in doubt.
  let since = begun;
  for (;;) {
    await verdict.pause(clock, lookMs);
    if (verdict.isPromoted) return;
    const now = clock.now();
    const unit = units.find((each) => compareUnit(watching, each, now - since).verdict === "worse");
    if (unit !== undefined) {
      const isInDoubt = since === begun && now - begun < doubtMs;
      if (!isInDoubt) throw doesWorse(unit, compareUnit(watching, unit, now - since).why);
      since = now;
    } else if (now - begun >= watchMs && (since === begun || now - since >= confirmMs)) return;
  }
}

/** What the comparison came to, in words; too few calls say nothing, and so do not speak against it. */
function seen(watching: Watching, since: number): string {
  const { clock, units } = watching;
  const texts = units.map((unit) => {
    const { verdict, why } = compareUnit(watching, unit, clock.now() - since);
    const text = verdict === "too-little-to-tell" ? "too few calls to compare" : why;
    return units.length === 1 ? text : `${unit}: ${text}`;
  });
  return texts.join("; ");
}

function doesWorse(unit: string, why: string): KerfError {
  return new KerfError("release_worse", {
    message: `The new release of ${unit} does worse than the one before.`,
    why,
    fix: `Its logs say more: kerf logs ${unit}`,
  });
}

function compareUnit({ load, releases }: Watching, unit: string, passed: number): LoadComparison {
  const { now, old } = releases(unit);
  return compareLoad(
    load.window({ unit, release: old }, beforeMs),
    load.window({ unit, release: now }, passed),
  );
}
