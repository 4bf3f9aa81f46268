import type { Clock, Timer } from "./clock.ts";

/** Something that falls due. While it waits it is a link of its slot's list: that costs no memory of the wheel's own. */
export abstract class WheelEntry {
  /** Monotonic milliseconds. */
  readonly at: number;
  /** The wheel's own. */
  next: WheelEntry | undefined = undefined;
  /** The wheel's own: undefined while it does not wait. */
  previous: WheelEntry | undefined = undefined;

  constructor(at: number) {
    this.at = at;
  }

  abstract fire(): void;
}

class CallbackEntry extends WheelEntry {
  readonly fire: () => void;

  constructor(at: number, fire: () => void) {
    super(at);
    this.fire = fire;
  }
}

/**
 * One timer for all deadlines: adding and removing costs no system timer, at the price of firing up to one tick late.
 * It runs only while something waits.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  // The heads of the lists; they never fall due themselves.
  readonly #slots: WheelEntry[];
  // A slot is found by masking: the remainder of a large number costs more than all the rest of an insertion.
  readonly #mask: number;
  #cursor: number;
  #waiting = 0;
  #timer: Timer | undefined;
  #lastTick = 0;

  /** @param tickMs how late an entry may fire; @param slots how many ticks one turn has, a power of two */
  constructor(clock: Clock, tickMs = 10, slots = 512) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    if (slots < 2 || (slots & (slots - 1)) !== 0) {
      throw new RangeError(`A wheel's slots must be a power of two, not ${slots}.`);
    }
    this.#slots = Array.from({ length: slots }, () => new CallbackEntry(Number.NaN, () => {}));
    this.#mask = slots - 1;
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
    const entry = new CallbackEntry(at, fire);
    this.insert(entry);
    return entry;
  }

  /** Lets an entry of the caller's own wait, which may have waited before. */
  insert(entry: WheelEntry): void {
    if (this.#timer === undefined) {
      this.#lastTick = this.#clock.now();
      this.#cursor = this.#tickOf(this.#lastTick);
      this.#wait(this.#lastTick);
    }
    const tick = Math.max(this.#tickOf(entry.at) + 1, this.#cursor + 1);
    const head = this.#slots[tick & this.#mask] as WheelEntry;
    const { next } = head;
    entry.next = next;
    entry.previous = head;
    head.next = entry;
    if (next !== undefined) next.previous = entry;
    this.#waiting++;
  }

  /** Takes an entry back; harmless when it has fired. */
  remove(entry: WheelEntry): void {
    const { previous, next } = entry;
    if (previous === undefined) return;
    previous.next = next;
    if (next !== undefined) next.previous = previous;
    entry.previous = undefined;
    entry.next = undefined;
    this.#waiting--;
  }

  /** Turns at the next boundary of a tick: between two of them an entry that is due would wait for up to a tick more. */
  #wait(now: number): void {
    const next = (this.#tickOf(now) + 1) * this.#tickMs;
    this.#timer = this.#clock.after(next - now, this.#turn);
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
      let entry = (this.#slots[tick & this.#mask] as WheelEntry).next;
      while (entry !== undefined) {
        const { next } = entry;
        if (entry.at <= now) {
          due.push(entry);
          this.remove(entry);
        }
        entry = next;
      }
    }
    this.#cursor = Math.max(this.#cursor, until);
    if (this.#waiting > 0) this.#wait(now);
    for (const entry of due) entry.fire();
  };
}
