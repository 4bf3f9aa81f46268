import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import { type Clock, delay, describeError, type Random } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { nextAfter, type ScheduleDefinition } from "./schedule.ts";

/** Longest pause between two looks, milliseconds: another release may have changed when something is due. */
const lookMs = 30_000;
/** Pause until a schedule is looked at again that another instance is at, milliseconds: that one may have been killed. */
const heldMs = 2_000;
/** Bound of one run with its transaction, milliseconds. */
const runMs = 15_000;
/** Bound of every other transaction, milliseconds. */
const statementMs = 5_000;
/** How often one occurrence is tried before it is given up. */
const attempts = 5;
/** First and longest pause after a failure, milliseconds. */
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** What is late by more than this was missed, milliseconds. */
const lateMs = 60_000;

/** Runs one occurrence in the transaction that marks it as done. */
export type RunScheduled = (
  schedule: ScheduleDefinition,
  occurrence: number,
  transaction: CommandTransaction,
) => Promise<void>;

/** What a scheduler is made of. */
export interface SchedulerOptions {
  readonly schedules: readonly ScheduleDefinition[];
  readonly database: ServiceDatabase;
  readonly run: RunScheduled;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** A schedule as operators see it. */
export interface ListedSchedule {
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly nextAt: string;
  readonly doneAt: string | null;
  readonly givenUpAt: string | null;
  readonly failures: number;
  readonly problem: string | null;
}

/**
 * The schedules of one service in one instance. Every occurrence takes effect once, however many instances there are: its effect
 * commits together with the next time, under the lock of its row.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #stopping = new AbortController();
  #ended: Promise<void> | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Idempotent. */
  start(): void {
    this.#ended ??= this.#loop();
  }

  /** Ends after the run at hand. The caller bounds it. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  /** All of them, by name. */
  async list(): Promise<ListedSchedule[]> {
    const { clock, database } = this.#options;
    const { rows } = await database
      .reads({ deadline: clock.now() + statementMs })
      .raw.query<ListedSchedule>(
        `select name, cron, time_zone as "timeZone", next_at::text as "nextAt", done_at::text as "doneAt",
          given_up_at::text as "givenUpAt", failures, problem
        from kerf.schedule where name = any($1) order by name`,
        [this.#options.schedules.map(({ name }) => name)],
      );
    return rows;
  }

  /** Has one done now, beside its times; answers whether it was one of ours. */
  async runNow(name: string): Promise<boolean> {
    const schedule = this.#options.schedules.find((each) => each.name === name);
    if (schedule === undefined) return false;
    const { clock, database, run } = this.#options;
    await database.inTransaction(clock.now() + runMs, (transaction) =>
      run(schedule, clock.wall(), transaction),
    );
    return true;
  }

  /** Does what is due, and answers when something is due next (milliseconds since 1970-01-01 UTC); for the loop and for tests. */
  async runDue(): Promise<number> {
    const next = await Promise.all(
      this.#options.schedules.map((schedule) => this.#runOne(schedule)),
    );
    return Math.min(...next);
  }

  async #loop(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stopping;
    for (let positioned = false; !signal.aborted;) {
      let pause = firstPauseMs;
      try {
        if (!positioned) await this.position();
        positioned = true;
        pause = Math.max(1, Math.min(lookMs, (await this.runDue()) - clock.wall()));
      } catch (error) {
        log.warn("schedules could not be looked at; it is tried again", { error });
      }
      await delay(clock, pause, signal).catch(() => undefined);
    }
  }

  /** Makes the rows of new schedules, and moves those whose times were changed. */
  async position(): Promise<void> {
    const { clock, database, schedules } = this.#options;
    const now = clock.wall();
    const due = schedules.map((schedule) => ({
      ...schedule,
      next: nextAfter(schedule, now) ?? now,
    }));
    await database.inTransaction(clock.now() + statementMs, ({ raw }) =>
      raw.query(
        `insert into kerf.schedule as s (name, cron, time_zone, next_at)
          select name, cron, zone, to_timestamp(next / 1000.0)
            from unnest($1::text[], $2::text[], $3::text[], $4::float8[]) as given(name, cron, zone, next)
          on conflict (name) do update set cron = excluded.cron, time_zone = excluded.time_zone, next_at = excluded.next_at,
              failures = 0, problem = null, retry_at = null
            where s.cron <> excluded.cron or s.time_zone <> excluded.time_zone`,
        [
          due.map(({ name }) => name),
          due.map(({ cron }) => cron),
          due.map(({ timeZone }) => timeZone),
          due.map(({ next }) => next),
        ],
      ),
    );
  }

  /** Does one occurrence of one schedule when it is due and nobody else is at it; answers when to look again. */
  async #runOne(schedule: ScheduleDefinition): Promise<number> {
    const { clock, database, log } = this.#options;
    let occurrence = 0;
    try {
      return await database.inTransaction(clock.now() + runMs, async (transaction) => {
        const { rows } = await transaction.raw.query<{
          next: number;
          due: number;
          failures: number;
        }>(
          `select round(extract(epoch from next_at) * 1000)::float8 as next, failures,
              round(extract(epoch from greatest(next_at, retry_at)) * 1000)::float8 as due
            from kerf.schedule where name = $1 and cron = $2 and time_zone = $3 for update skip locked`,
          [schedule.name, schedule.cron, schedule.timeZone],
        );
        const [row] = rows;
        const now = clock.wall();
        // Somebody else is at it, or another release has other times.
        if (row === undefined) return now + heldMs;
        if (row.due > now) return row.due;
        const plan = planOf(schedule, row.next, now);
        occurrence = plan.occurrence ?? 0;
        if (plan.occurrence !== undefined)
          await this.#options.run(schedule, plan.occurrence, transaction);
        await transaction.raw.query(
          `update kerf.schedule set next_at = to_timestamp($2 / 1000.0), failures = 0, problem = null, retry_at = null,
              done_at = coalesce(to_timestamp($3 / 1000.0), done_at) where name = $1`,
          [schedule.name, plan.next, plan.occurrence ?? null],
        );
        return plan.next;
      });
    } catch (error) {
      if (this.#stopping.signal.aborted) return clock.wall() + lookMs;
      log.warn("a schedule failed; it is tried again", { schedule: schedule.name, error });
      return this.#failed(schedule, occurrence, describeError(error).slice(0, 4_000));
    }
  }

  /** Counts a failure of the occurrence that is due; gives it up after the last. */
  async #failed(
    schedule: ScheduleDefinition,
    occurrence: number,
    problem: string,
  ): Promise<number> {
    const { clock, database, random } = this.#options;
    const now = clock.wall();
    return database.inTransaction(clock.now() + statementMs, async ({ raw }) => {
      const { rows } = await raw.query<{ failures: number }>(
        "update kerf.schedule set failures = failures + 1, problem = $2 where name = $1 returning failures",
        [schedule.name, problem],
      );
      const failures = rows[0]?.failures ?? 1;
      if (failures >= attempts) {
        const next = nextAfter(schedule, Math.max(occurrence, now)) ?? now + lookMs;
        await raw.query(
          `update kerf.schedule set given_up_at = next_at, next_at = to_timestamp($2 / 1000.0), failures = 0, retry_at = null
            where name = $1`,
          [schedule.name, next],
        );
        return next;
      }
      const most = Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1));
      const retry = Math.round(now + most * (0.5 + random.next() / 2));
      await raw.query(
        "update kerf.schedule set retry_at = to_timestamp($2 / 1000.0) where name = $1",
        [schedule.name, retry],
      );
      return retry;
    });
  }
}

/** Which occurrence is to be done now, if any, and which is the next. */
export function planOf(
  schedule: ScheduleDefinition,
  due: number,
  now: number,
): { readonly occurrence: number | undefined; readonly next: number } {
  const following = nextAfter(schedule, due) ?? Number.MAX_SAFE_INTEGER;
  const isMissed = now - due > lateMs;
  if (schedule.missed === "all" || !isMissed) {
    // On time; or one after the other.
    if (schedule.missed === "all" || following > now) return { occurrence: due, next: following };
  }
  const next = nextAfter(schedule, now) ?? Number.MAX_SAFE_INTEGER;
  if (schedule.missed === "skip") {
    const last = lastBefore(schedule, due, now);
    return { occurrence: now - last <= lateMs ? last : undefined, next };
  }
  return { occurrence: lastBefore(schedule, due, now), next };
}

/** The newest occurrence from `due` up to `now`: halved into, since years may lie between. */
function lastBefore(schedule: ScheduleDefinition, due: number, now: number): number {
  let [low, high] = [due, now];
  while (high - low > 1_000) {
    const middle = Math.floor((low + high) / 2);
    const next = nextAfter(schedule, middle);
    if (next !== undefined && next <= now) low = next;
    else high = middle;
  }
  return low;
}
