import { type BucketShape, LeasedBuckets, LeaseKeeper, type LeaseGrant } from "@kerf/call/limits";
import { KerfError } from "@kerf/kernel";
import { SimulatedProcess } from "../process.ts";
import { Scheduler } from "../scheduler.ts";

/** One history of a limit that several gateways share. */
export interface SharedLimitRun {
  readonly shape: BucketShape;
  readonly gateways: number;
  /** When a request was let through, simulated milliseconds, in order. */
  readonly admitted: readonly number[];
  /** How many were refused. */
  readonly refused: number;
}

/** What a run is made from. */
export interface SharedLimitOptions {
  /** Whether the keeper is away now and then, and answers are lost. */
  readonly absences: boolean;
  /** Requests come this much faster than the rate allows. */
  readonly load: number;
}

/** Lets clients send requests to gateways that share one limit, for a simulated time in which the bucket fills twenty times. */
export async function runSharedLimit(
  seed: number,
  { absences, load }: SharedLimitOptions,
): Promise<SharedLimitRun> {
  const scheduler = new Scheduler(seed);
  const gateways = scheduler.integer(1, 5);
  const shape = { everyMs: scheduler.integer(1, 200), burst: scheduler.integer(1, 40) };
  const keeper = new LeaseKeeper();
  const admitted: number[] = [];
  let refused = 0;
  let isAway = false;

  const ask = (leases: Parameters<LeaseKeeper["lease"]>[1]): Promise<LeaseGrant[]> =>
    new Promise((resolve, reject) => {
      const lost = new KerfError("deadline_exceeded", "The keeper did not answer in time.");
      scheduler.plan(scheduler.latency(0.1, 30), "a question arrives", () => {
        if (isAway) return void scheduler.plan(250, "the keeper is away", () => reject(lost));
        const grants = keeper.lease("gateway:web", leases, scheduler.now);
        if (absences && scheduler.chance(0.02))
          return void scheduler.plan(250, "an answer is lost", () => reject(lost));
        scheduler.plan(scheduler.latency(0.1, 30), "an answer arrives", () => resolve(grants));
      });
    });

  const doors = Array.from({ length: gateways }, (_, n) => {
    const uptimeMs = scheduler.integer(0, 1_000_000);
    const { clock } = new SimulatedProcess(scheduler, `gateway ${n}`, 0, 0, uptimeMs);
    return { clock, buckets: new LeasedBuckets({ ask, instances: () => gateways, clock }) };
  });

  const lastsMs = 20 * shape.burst * shape.everyMs;
  const meanMs = shape.everyMs / load;
  // Now and then all go to one door, then to another.
  let favourite = scheduler.pick(doors);
  const send = (): void => {
    if (scheduler.chance(0.02)) favourite = scheduler.pick(doors);
    const { buckets, clock } = scheduler.chance(0.7) ? favourite : scheduler.pick(doors);
    const isAdmitted = buckets.look("ada", shape, clock.now()).admitted;
    if (isAdmitted) {
      buckets.take("ada", shape, clock.now());
      admitted.push(scheduler.now);
    } else refused++;
    // Some come at once, and some after a pause in which buckets fill.
    const gap = scheduler.chance(0.02) ? shape.burst * shape.everyMs : 0;
    scheduler.plan(gap + scheduler.random.next() * 2 * meanMs, "a request", send);
  };
  scheduler.plan(0, "a request", send);
  if (absences) {
    const turn = (): void => {
      isAway = !isAway;
      scheduler.plan(scheduler.latency(lastsMs / 40, lastsMs / 4), "the keeper turns", turn);
    };
    scheduler.plan(lastsMs / 5, "the keeper turns", turn);
  }
  await scheduler.run(lastsMs, () => false);
  return { shape, gateways, admitted, refused };
}
