import type { WatchedChange, WatchedRelease } from "@kerf/control-api";
import { type Clock, KerfError } from "@kerf/kernel";
import { compareLoad } from "../load/compare-load.ts";
import type { LoadKeeper } from "../load/load-keeper.ts";
import { type LoadWindow, quantile } from "../load/load-window.ts";
import type { Change } from "./change.ts";
import type { WatchVerdict } from "./watch-verdict.ts";

/** How far back the release before is looked at at least, milliseconds: the judge looks as far (`watch-staged.ts`). */
const beforeMs = 60_000;
/** Longest time that is kept of what was counted, milliseconds. */
const keptMs = 300_000;

/** A rollout whose new copies serve beside the old ones. */
export interface Watch {
  readonly change: Change;
  readonly verdict: WatchVerdict;
  readonly units: readonly string[];
  readonly releases: (unit: string) => { readonly old: string; readonly now: string };
  /** Share of the calls that the new copies get. */
  share: number;
  /** Since when they get any, monotonic milliseconds. */
  readonly since: number;
}

/** What is watched at the moment, the new release beside the one before. */
export function watchedNow(
  watch: Watch | undefined,
  { clock, load }: { readonly clock: Clock; readonly load: LoadKeeper },
): WatchedChange[] {
  if (watch === undefined) return [];
  const passedMs = clock.now() - watch.since;
  const { change, releases, share } = watch;
  const units = watch.units.map((unit) => {
    const { now, old } = releases(unit);
    const lastMs = Math.min(keptMs, Math.max(beforeMs, passedMs));
    const stable = load.window({ unit, release: old }, lastMs);
    const canary = load.window({ unit, release: now }, Math.min(keptMs, passedMs));
    const { verdict, why } = compareLoad(stable, canary);
    return { unit, stable: figures(old, stable), canary: figures(now, canary), verdict, why };
  });
  const { id, kind, title } = change;
  return [{ change: id, kind, title, share, forMs: Math.round(passedMs), units }];
}

/** The watch that a unit takes part in; throws `not_found` when there is none. */
export function watchOf(watch: Watch | undefined, unit: string): Watch {
  if (watch?.units.includes(unit) === true) return watch;
  throw new KerfError("not_found", {
    message: `No new release of ${unit} is being watched.`,
    why:
      watch === undefined
        ? "No change is under way whose copies are compared with those before."
        : `What is watched is ${watch.units.join(", ")}.`,
    fix: `kerf releases ${unit} says what runs; kerf rollback ${unit} goes back.`,
  });
}

function figures(release: string, window: LoadWindow): WatchedRelease {
  const at = (share: number): number | undefined => quantile(window, share);
  const [p50Ms, p95Ms, p99Ms] = [at(0.5), at(0.95), at(0.99)];
  return {
    release: Number(release),
    seconds: Math.round(window.seconds),
    calls: window.calls,
    failed: window.failed,
    ...(p50Ms === undefined ? undefined : { p50Ms }),
    ...(p95Ms === undefined ? undefined : { p95Ms }),
    ...(p99Ms === undefined ? undefined : { p99Ms }),
  };
}
