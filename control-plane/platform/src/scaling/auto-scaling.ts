import type { UnitStatus } from "@kerf/control-api";
import { type Clock, KerfError, type Timer, toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { AuditLog } from "../audit/audit-log.ts";
import type { LoadKeeper } from "../load/load-keeper.ts";
import type { Deployed } from "../placement/deployed.ts";
import { copiesOf, ownPrograms } from "../placement/deployment.ts";
import type { WaitingEvents } from "./lag.ts";
import { sampleOf } from "./sample.ts";
import { Scaler } from "./scaler.ts";
import { keptAwake, scalingOf } from "./scaling-of.ts";
import type { ScalingSettings } from "./settings.ts";

/** How often the load is looked at, milliseconds: programs tell of it once a second. */
const everyMs = 1_000;

/** Who makes changes that nobody asked for. */
export const scaledBy = "platform";

const asBefore = "as many as there were";

/** What automatic scaling works on. */
export interface AutoScalingOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly deployed: Pick<Deployed, "current" | "isAsleep" | "scale" | "unitOf" | "woken">;
  readonly load: Pick<LoadKeeper, "instancesOf" | "window">;
  readonly audit: Pick<AuditLog, "append">;
  /** The ids of the copies of a unit that serve. */
  readonly serving: (unit: string) => readonly string[];
  /** Events that wait for a unit, undefined of one that follows none; asked only where they are a target or wake it. */
  readonly lag: (unit: string) => WaitingEvents | undefined;
  /** Makes as many copies run as there are to be; rejects when one does not get ready. */
  readonly resize: (unit: string) => Promise<void>;
  /** Whether a change of this unit is under way. */
  readonly isChanging: (unit: string) => boolean;
  /** Who sleeps is different now. */
  readonly changed: () => void;
}

/** A unit that is scaled by its load. */
interface Watched {
  readonly settings: ScalingSettings;
  /** Why it does not sleep although it may. */
  readonly awake: string | undefined;
  readonly scaler: Scaler;
  readonly copies: number;
  /** Why as many: what the last change went by. */
  readonly why: string;
}

/**
 * Changes the number of copies of units by their load: asks the {@link Scaler} of each once a second. It works beside the changes that people make, and
 * leaves alone what one of these is about, but for calls that wait for a first copy. Nothing of it is written down but what it did: a platform after us goes on with what runs.
 */
export class AutoScaling {
  readonly #options: AutoScalingOptions;
  readonly #watched = new Map<string, Watched>();
  /** Units whose copies are being started. */
  readonly #starting = new Set<string>();
  /** Calls for units that sleep, by unit. */
  readonly #calls = new Map<string, PromiseWithResolvers<void>[]>();
  #timer: Timer | undefined;

  constructor(options: AutoScalingOptions) {
    this.#options = options;
  }

  /** Before anything runs: every unit with the copies that a platform before us left, by unit; without one, with as few as it can serve with. */
  begin(left: ReadonlyMap<string, number> | undefined): void {
    const { deployed } = this.#options;
    for (const unit of ownPrograms(deployed.current)) {
      const settings = this.#settingsOf(unit)?.settings;
      if (settings === undefined) continue;
      const ran = left?.get(unit) ?? 0;
      const least = left === undefined ? Math.max(1, settings.min) : settings.min;
      deployed.scale(unit, Math.min(settings.max, Math.max(least, ran)));
      // It is started as everything is.
      deployed.woken(unit);
    }
  }

  start(): void {
    this.#timer = this.#options.clock.after(everyMs, () => {
      this.start();
      this.#lookAtAll();
    });
    for (const unit of this.#calls.keys()) this.#look(unit);
  }

  /** Decides nothing any more; whoever waits for a copy is told. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const unit of this.#calls.keys())
      this.#answer(unit, new KerfError("cancelled", "The platform stops."));
  }

  /** A service is called. When it sleeps a copy is started; resolves when one serves, and rejects when it does not get ready. */
  async wake(service: string): Promise<void> {
    const unit = this.#options.deployed.unitOf(service);
    if (unit === undefined || !this.#options.deployed.isAsleep(unit)) return;
    const call = Promise.withResolvers<void>();
    this.#calls.set(unit, [...(this.#calls.get(unit) ?? []), call]);
    if (this.#timer !== undefined) this.#look(unit);
    await call.promise;
  }

  /** How a unit is scaled, for people; nothing for one that is not. */
  statusOf(unit: string): Pick<UnitStatus, "scaling"> {
    const { deployed } = this.#options;
    const found = this.#settingsOf(unit);
    if (found === undefined) return {};
    const { idleMs, max, min, target } = found.settings;
    const why = this.#watched.get(unit)?.why ?? asBefore;
    return {
      scaling: {
        min,
        max,
        target,
        ...(idleMs === undefined ? undefined : { idleMs }),
        copies: copiesOf(deployed.current, unit),
        asleep: deployed.isAsleep(unit),
        why: found.awake === undefined ? why : `${why}; it does not sleep: ${found.awake}`,
      },
    };
  }

  #lookAtAll(): void {
    const units = ownPrograms(this.#options.deployed.current);
    for (const unit of this.#watched.keys()) if (!units.includes(unit)) this.#watched.delete(unit);
    for (const unit of new Set([...units, ...this.#calls.keys()])) this.#look(unit);
  }

  #look(unit: string): void {
    const { clock, deployed, isChanging, lag, load, serving } = this.#options;
    if (this.#starting.has(unit)) return;
    // Whoever called it finds out by the placement.
    if (!deployed.isAsleep(unit)) this.#answer(unit);
    // A change is about to make it different; only a call that waits cannot wait for that.
    if (isChanging(unit) && !this.#calls.has(unit)) return;
    const watched = this.#watch(unit);
    if (watched === undefined) return;
    const { min, target } = watched.settings;
    const events = min === 0 || target.lag !== undefined ? lag(unit) : undefined;
    const calls = this.#calls.get(unit)?.length ?? 0;
    const sample = sampleOf(load, unit, serving(unit), { calls, events });
    const { copies, why } = watched.scaler.decide(sample, clock.now());
    if (copies !== watched.copies) void this.#change(unit, watched.copies, copies, why); // Never rejects.
  }

  /** What a unit is watched by: anew when its settings or its copies were changed by somebody else. */
  #watch(unit: string): Watched | undefined {
    const { clock, deployed } = this.#options;
    const found = this.#settingsOf(unit);
    const known = this.#watched.get(unit);
    if (found === undefined) {
      this.#watched.delete(unit);
      return undefined;
    }
    const { awake, settings } = found;
    const copies = copiesOf(deployed.current, unit);
    const isKnown =
      known !== undefined &&
      known.copies === copies &&
      known.awake === awake &&
      JSON.stringify(known.settings) === JSON.stringify(settings);
    if (isKnown) return known;
    const why = known?.why ?? asBefore;
    const scaler = new Scaler(settings, copies, clock.now());
    const watched = { settings, awake, scaler, copies, why };
    this.#watched.set(unit, watched);
    return watched;
  }

  #settingsOf(unit: string): Pick<Watched, "awake" | "settings"> | undefined {
    const { current } = this.#options.deployed;
    const settings = scalingOf(current, unit);
    if (settings === undefined) return undefined;
    const awake = settings.min === 0 ? (keptAwake(current, unit) ?? this.#unsure(unit)) : undefined;
    return { settings: awake === undefined ? settings : { ...settings, min: 1 }, awake };
  }

  /** Whoever took over may not know when a unit has to be woken. */
  #unsure(unit: string): string | undefined {
    if (this.#options.lag(unit)?.isKnown !== false) return undefined;
    return "how far it has read the events that it follows is not known yet";
  }

  async #change(unit: string, before: number, copies: number, why: string): Promise<void> {
    const { audit, changed, deployed, log, resize } = this.#options;
    const watched = this.#watched.get(unit);
    if (watched !== undefined) this.#watched.set(unit, { ...watched, copies, why });
    this.#starting.add(unit);
    deployed.scale(unit, copies);
    // Before a copy goes everyone knows where calls are to wait.
    changed();
    log.info(`${unit} gets ${copies} copies instead of ${before}`, { why });
    let failure: KerfError | undefined;
    try {
      await resize(unit);
    } catch (thrown) {
      failure = toKerfError(thrown);
      log.warn(`not every copy of ${unit} got ready`, { code: failure.code, why: failure.message });
    }
    deployed.woken(unit);
    this.#starting.delete(unit);
    changed();
    this.#answer(unit, failure);
    const entry = { by: scaledBy, action: "scale", unit, before: { copies: before } };
    await audit
      .append({
        ...entry,
        after: { copies },
        result: failure?.code ?? "done",
        why: failure?.message ?? why,
      })
      .catch((thrown: unknown) =>
        log.error("a change of copies was not recorded", { error: thrown }),
      );
  }

  #answer(unit: string, failure?: KerfError): void {
    const calls = this.#calls.get(unit) ?? [];
    this.#calls.delete(unit);
    for (const call of calls) {
      if (failure === undefined) call.resolve();
      else call.reject(failure);
    }
  }
}
