import type { Clock, Timer } from "./clock.ts";

/** Something that falls due. */
export interface WheelEntry {
  /** Monotonic milliseconds. */
  readonly at: number;
  fire(): void;
  /** Where it lies in its slot. The wheel's own, like the slot, which is undefined while it does not wait. */
  index: number;
  slot: WheelEntry[] | undefined;
}

/**
 * One timer for all deadlines: adding and removing costs no system timer, at the price of firing up to one tick late.
 * It runs only while something waits.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #slots: WheelEntry[][];
  #cursor: number;
  #waiting = 0;
  #timer: Timer | undefined;
  #lastTick = 0;

  /** @param tickMs how late an entry may fire; @param slots how many ticks one turn has */
  constructor(clock: Clock, tickMs = 10, slots = 512) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#slots = Array.from({ length: slots }, () => []);
    this.#cursor = this.#tickOf(clock.now());
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Monotonic milliseconds, at most one tick old while the wheel turns (older only when the event loop was held up),
   * exact when it stands: for what is asked at every call and need not be exact.
   */
  get now(): number {
    return this.#timer === undefined ? this.#clock.now() : this.#lastTick;
  }

  /** Calls `fire` once `at` (monotonic milliseconds) has passed. */
  add(at: number, fire: () => void): WheelEntry {
    const entry: WheelEntry = { at, fire, index: -1, slot: undefined };
    this.insert(entry);
    return entry;
  }

  /** Lets an entry of the caller's own wait, which may have waited before. */
  insert(entry: WheelEntry): void {
    if (this.#timer === undefined) {
      this.#lastTick = this.#clock.now();
      this.#cursor = this.#tickOf(this.#lastTick);
      this.#timer = this.#clock.after(this.#tickMs, this.#turn);
    }
    const tick = Math.max(this.#tickOf(entry.at) + 1, this.#cursor + 1);
    const slot = this.#slots[tick % this.#slots.length] as WheelEntry[];
    entry.index = slot.length;
    entry.slot = slot;
    slot.push(entry);
    this.#waiting++;
  }

  /** Takes an entry back; harmless when it has fired. */
  remove(entry: WheelEntry): void {
    const slot = entry.slot;
    if (slot === undefined) return;
    const last = slot.pop() as WheelEntry;
    if (last !== entry) {
      slot[entry.index] = last;
      last.index = entry.index;
    }
    entry.slot = undefined;
    this.#waiting--;
  }

  #tickOf(at: number): number {
    return Math.floor(at / this.#tickMs);
  }

  readonly #turn = (): void => {
    this.#timer = undefined;
    const now = this.#clock.now();
    this.#lastTick = now;
    const until = this.#tickOf(now);
    const due: WheelEntry[] = [];
    // After a long pause one whole turn sees every slot: no need to go round more often.
    const first = Math.max(this.#cursor + 1, until - this.#slots.length + 1);
    for (let tick = first; tick <= until; tick++) {
      const slot = this.#slots[tick % this.#slots.length] as WheelEntry[];
      for (let i = slot.length - 1; i >= 0; i--) {
        const entry = slot[i] as WheelEntry;
        if (entry.at > now) continue;
        due.push(entry);
        this.remove(entry);
      }
    }
    this.#cursor = Math.max(this.#cursor, until);
    if (this.#waiting > 0) this.#timer = this.#clock.after(this.#tickMs, this.#turn);
    for (const entry of due) entry.fire();
  };
}
