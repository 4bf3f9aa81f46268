import type { Clock } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Snapshot } from "../placement.ts";
import type { SnapshotStore } from "../snapshot/store.ts";
import { platformUnit } from "./spiffe.ts";

/**
 * How long a unit that a service has left may still speak for it, milliseconds: its copies finish what is in flight within 30 s (`defaults.md`: drain), and
 * the placement needs a moment to reach everyone.
 */
const leavingMs = 35_000;
/** Milliseconds between two lines in the log on refused callers. */
const logEveryMs = 1_000;

/** Whether `snapshot` places the caller of a frame in `unit`: a service in its unit, a gateway and its backend in the gateway. */
export function isPlacedIn(snapshot: Snapshot | undefined, caller: string, unit: string): boolean {
  if (unit === platformUnit) return caller === "platform" || caller === "operator";
  if (snapshot === undefined) return false;
  if (unit.startsWith("gateway:")) {
    const name = unit.slice("gateway:".length);
    if (!Object.hasOwn(snapshot.gateways, name)) return false;
    return caller === unit || snapshot.gateways[name]?.backend?.name === caller;
  }
  const placed = Object.hasOwn(snapshot.services, caller) ? snapshot.services[caller] : undefined;
  return placed !== undefined && (placed.unit === unit || placed.movesTo === unit);
}

/** Holds what callers say of themselves against the unit that their certificate names. */
export class CallerPlacement {
  readonly #store: SnapshotStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  #from: Snapshot | undefined;
  /** Units that services have left a moment ago; at most as many as the last placements had services. */
  readonly #left = new Map<string, { readonly unit: string; readonly until: number }>();
  #loggedAt = Number.NEGATIVE_INFINITY;
  #unlogged = 0;
  /** Calls that were refused because their caller is placed elsewhere. */
  refused = 0;

  constructor(options: { store: SnapshotStore; clock: Clock; log: Logger }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#from = options.store.current;
    options.store.onChange(() => this.#remember());
  }

  /** Whether `unit`, as a certificate names it, may call in the name of `caller`. What may not is counted, and logged once a second at most. */
  speaksFor(unit: string, caller: string): boolean {
    if (isPlacedIn(this.#store.current, caller, unit)) return true;
    const left = this.#left.get(caller);
    if (left?.unit === unit && left.until > this.#clock.now()) return true;
    this.#refuse(unit, caller);
    return false;
  }

  #remember(): void {
    const now = this.#clock.now();
    for (const [service, { until }] of this.#left) if (until <= now) this.#left.delete(service);
    const services = this.#store.current?.services ?? {};
    for (const [service, { unit }] of Object.entries(this.#from?.services ?? {})) {
      const moved = !Object.hasOwn(services, service) || services[service]?.unit !== unit;
      if (moved) this.#left.set(service, { unit, until: now + leavingMs });
    }
    this.#from = this.#store.current;
  }

  #refuse(unit: string, caller: string): void {
    this.refused++;
    this.#unlogged++;
    const now = this.#clock.now();
    if (now - this.#loggedAt < logEveryMs) return;
    this.#log.warn(
      "A call was refused: its caller is placed in another unit than the one that made it.",
      {
        caller,
        peer: unit,
        count: this.#unlogged,
      },
    );
    this.#loggedAt = now;
    this.#unlogged = 0;
  }
}
