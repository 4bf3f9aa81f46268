import type { Clock } from "@kerf/kernel";
import { BoundedCache } from "../bounded-cache.ts";
import { type BucketShape, type BucketState, type BucketStore, Buckets } from "./buckets.ts";
import { type LeaseGrant, maxLeases, type TokenLease } from "./lease-keeper.ts";

/** Longest pause between two questions to the keeper, milliseconds; a bucket that is full sooner is asked for more often. */
const pauseMs = { least: 5, most: 50 };
/** How often a keeper that is away is asked again, milliseconds. */
const awayMs = 1_000;
/** Most buckets that are remembered: about 20 MB. */
const maxKnown = 100_000;

/** What leased buckets are made from. */
export interface LeasedBucketsOptions {
  /** Asks the keeper; rejects, within a bounded time, when it is away. As many grants as leases, in their order. */
  ask(leases: readonly TokenLease[]): Promise<readonly LeaseGrant[]>;
  /** How many processes share the buckets, this one included; at least 1. */
  instances(): number;
  readonly clock: Clock;
}

/** What is known of one bucket. */
interface Known {
  readonly shape: BucketShape;
  /** Tokens leased and not used. */
  credit: number;
  /** Tokens taken on trust that the keeper has not acknowledged. */
  debt: number;
  /** Requests since the keeper was last asked. */
  asked: number;
  /** Tokens to lease ahead. */
  target: number;
  /** Tokens that the keeper had left for all. */
  remaining: number;
  /** The keeper had too few left; until it has said otherwise there is little trust. */
  scarce: boolean;
  /** When the keeper has a token again, monotonic milliseconds. */
  retryAt: number;
  /** The last absence of the keeper for which its share was opened. */
  absence: number;
  /** Whether the share may hold what the keeper has not been told. */
  inShare: boolean;
  /** When the share was opened, monotonic milliseconds. */
  openedAt: number;
  /** Tokens taken from the share. */
  taken: number;
}

/**
 * Token buckets that several processes share. Nobody waits for the keeper: tokens are leased ahead, sized by recent use; where
 * there are none yet, requests pass on trust and are paid for with the next question.
 *
 * Let a share be the burst divided by the number of processes, at least 1. A process has at most half a share (at least 1) of tokens
 * leased ahead, and at most a share unpaid. So in any time all of them let pass no more than burst + rate × time + processes × (a
 * share and a half; two where a share is 1), and over a long time the rate exactly. While the keeper is away each goes on with a share of burst and rate; until it has seen that the keeper is back, within a second and a half, others may use the whole rate beside it.
 */
export class LeasedBuckets implements BucketStore {
  readonly #options: LeasedBucketsOptions;
  readonly #known = new BoundedCache<string, Known>(maxKnown);
  /** Counts while the keeper is away. */
  readonly #shares = new Buckets();
  /** Buckets to ask for. */
  readonly #pending = new Set<string>();
  /** Those whose share was opened and whose use the keeper has not been told. */
  readonly #opened = new Set<string>();
  #resting = false;
  #away = false;
  #absences = 0;

  constructor(options: LeasedBucketsOptions) {
    this.#options = options;
  }

  look(key: string, shape: BucketShape, now: number): BucketState {
    const known = this.#of(key, shape, now);
    if (this.#away) {
      if (this.#pending.size < maxLeases) this.#want(key, known);
      return this.#shares.look(key, this.#shareOf(shape), now);
    }
    const trust = this.#trust(known, now) - known.debt;
    const admitted = known.credit > 0 || trust > 0;
    // A refusal is a wish as well: else nobody would ever ask for what has come back.
    if (!admitted) this.#want(key, known);
    const left = known.credit + (known.scarce ? 0 : known.remaining - known.debt);
    const remaining = Math.max(0, Math.min(shape.burst, left) - 1);
    return {
      admitted,
      remaining,
      fullInMs: (shape.burst - remaining) * shape.everyMs,
      retryInMs: admitted ? 0 : Math.max(known.retryAt - now, pauseMs.most),
    };
  }

  take(key: string, shape: BucketShape, now: number): void {
    const known = this.#of(key, shape, now);
    if (this.#away) {
      known.taken++;
      return this.#shares.take(key, this.#shareOf(shape), now);
    }
    if (known.credit > 0) known.credit--;
    else known.debt++;
    if (known.debt > 0 || known.credit * 2 <= known.target) this.#want(key, known);
    else known.asked++;
  }

  #of(key: string, shape: BucketShape, now: number): Known {
    let known = this.#known.get(key);
    if (known === undefined) {
      known = {
        shape,
        credit: 0,
        debt: 0,
        asked: 0,
        target: 0,
        remaining: shape.burst,
        scarce: false,
        retryAt: now,
        absence: 0,
        // It may have been forgotten in between.
        inShare: this.#absences > 0,
        openedAt: now,
        taken: 0,
      };
      this.#known.set(key, known);
    }
    if (this.#away && known.absence < this.#absences) this.#open(key, known, now);
    else if (!this.#away && known.inShare) this.#close(key, known, now);
    return known;
  }

  /** The keeper has gone: the share begins as scarce as the bucket was, less what was on trust. */
  #open(key: string, known: Known, now: number): void {
    const share = this.#shareOf(known.shape);
    const untilRetry = Math.max(0, known.retryAt - now) / share.everyMs;
    const trust = this.#trust(known, now);
    const closed = trust > 0 ? share.burst - trust : share.burst - 1 + untilRetry;
    this.#shares.pay(key, share, closed + known.debt, now);
    known.openedAt = now;
    known.taken = known.debt;
    known.debt = 0;
    known.absence = this.#absences;
    known.inShare = true;
    if (this.#opened.size < maxKnown) this.#opened.add(key);
  }

  /**
   * The keeper is back: it is told what was taken meanwhile. Its bucket has filled up in that time; only what would have run over
   * was free. The bucket counts as empty at the beginning, since others may have emptied it: rather too much is paid than too little.
   */
  #close(key: string, known: Known, now: number): void {
    const share = this.#shareOf(known.shape);
    // One that was forgotten and is new has not opened it: what the share lacks is the best that is known.
    if (known.absence === 0) known.taken = Math.ceil(this.#shares.owed(key, share, now));
    const ranOver = (now - known.openedAt) / share.everyMs - known.shape.burst / this.#instances;
    known.debt += Math.max(0, Math.ceil(known.taken - Math.max(0, ranOver)));
    known.taken = 0;
    known.inShare = false;
  }

  /** Tokens that may be unpaid. */
  #trust({ scarce, retryAt, shape }: Known, now: number): number {
    const { burst, everyMs } = this.#shareOf(shape);
    if (!scarce) return burst;
    // The one that the keeper announced, and then this process's share of what has come back since.
    return now < retryAt ? 0 : Math.min(burst, 1 + Math.floor((now - retryAt) / everyMs));
  }

  get #instances(): number {
    return Math.max(1, this.#options.instances());
  }

  #shareOf({ burst, everyMs }: BucketShape): BucketShape {
    const instances = this.#instances;
    return { burst: Math.max(1, Math.floor(burst / instances)), everyMs: everyMs * instances };
  }

  #want(key: string, known: Known): void {
    known.asked++;
    this.#pending.add(key);
    if (!this.#resting) void this.#ask(); // Never rejects.
  }

  /** Asks for everything that is pending, then rests, so that what comes meanwhile goes together. */
  async #ask(): Promise<void> {
    this.#resting = true;
    const now = this.#options.clock.now();
    const leases: TokenLease[] = [];
    let restMs = pauseMs.most;
    for (const key of this.#pending) {
      if (leases.length === maxLeases) break;
      this.#pending.delete(key);
      const known = this.#known.get(key);
      if (known === undefined) continue;
      leases.push(this.#leaseOf(key, known, now));
      restMs = Math.min(restMs, (known.shape.burst * known.shape.everyMs) / 4);
    }
    try {
      const grants = await this.#options.ask(leases);
      if (this.#away) this.#return();
      for (const [index, lease] of leases.entries()) this.#settle(lease, grants[index]);
    } catch {
      // Whoever asks has said so. What was sent may have been counted: it is paid twice then, never not at all.
      if (!this.#away) this.#absences++;
      this.#away = true;
      this.#pending.clear();
    }
    const rest = this.#away ? awayMs : Math.max(pauseMs.least, restMs);
    this.#options.clock.after(rest, () => {
      this.#resting = false;
      if (this.#pending.size > 0 || this.#opened.size > 0) void this.#ask(); // Never rejects.
    });
  }

  /** The keeper is told at once of all that was taken: others would go by counts that are too high. */
  #return(): void {
    this.#away = false;
    const now = this.#options.clock.now();
    for (const key of this.#opened) {
      const known = this.#known.get(key);
      if (known?.inShare === true) this.#close(key, known, now);
      if (known !== undefined && known.debt > 0) this.#pending.add(key);
    }
    this.#opened.clear();
  }

  #leaseOf(key: string, known: Known, now: number): TokenLease {
    const { shape, credit, asked } = this.#of(key, known.shape, now);
    const most = Math.max(1, Math.floor(this.#shareOf(shape).burst / 2));
    // As many as in two rounds like the last one.
    known.target = this.#away ? 0 : Math.min(most, 2 * asked);
    known.asked = 0;
    return { key, ...shape, used: known.debt, want: Math.max(0, known.target - credit) };
  }

  #settle({ key, used, want }: TokenLease, grant: LeaseGrant | undefined): void {
    const known = this.#known.get(key);
    if (known === undefined || grant === undefined) return;
    known.debt = Math.max(0, known.debt - used);
    known.credit += grant.granted;
    known.remaining = grant.remaining;
    known.scarce = grant.granted < want || grant.remaining < 1;
    known.retryAt = this.#options.clock.now() + grant.retryInMs;
  }
}
