import { noFaults } from "../database/server.ts";
import type { SimulatedProcess } from "../process.ts";
import { services } from "./bank.ts";
import type { Instance } from "./instance.ts";
import { type StrikeKind, strikeKinds } from "./variant.ts";
import type { World } from "./world.ts";

/** How long faults happen, simulated milliseconds. */
export const faultsMs = 10_000;
/** Faults of one run at most at any time, and at most in the middle of something. */
const mostFaults = 4;
const mostStrikes = 4;

/** Draws what goes wrong in one run, and when: some runs have nothing of a kind, so that the others are alone. */
export function planFaults(world: World): void {
  const { scheduler, network, server } = world;
  const often = (most: number): number =>
    scheduler.chance(0.4) ? scheduler.random.next() * most : 0;
  network.faults.dropped = often(0.1);
  network.faults.duplicated = often(0.3);
  network.faults.slow = often(0.1);
  server.faults.statementFails = often(0.05);
  server.faults.answerLost = often(0.15);
  server.faults.commitLost = often(0.05);
  server.faults.slow = often(0.1);
  server.faults.stalls = often(0.3);
  Object.assign(server.faults, world.variant.faults);
  const count = scheduler.integer(0, mostFaults);
  for (let n = 0; n < count; n += 1) {
    scheduler.plan(scheduler.random.next() * faultsMs, "a fault", () => {
      const all = services.flatMap((service) => world.instancesOf(service));
      if (all.length > 0) hit(world, scheduler.pick(all));
    });
  }
  planStrikes(world);
  scheduler.plan(faultsMs, "the faults are over", () => {
    Object.assign(network.faults, { dropped: 0, duplicated: 0, slow: 0 });
    Object.assign(server.faults, noFaults);
    scheduler.note("the faults are over");
  });
}

/**
 * Programs are struck while they are in the middle of something: when a statement of theirs was done, or a message has arrived. A run
 * has one kind of moment that is struck, and one way in which it is, or any.
 */
function planStrikes(world: World): void {
  const { scheduler, network, server } = world;
  const { strike: wanted } = world.variant;
  if (wanted === undefined && scheduler.chance(0.3)) return;
  const target = wanted?.at ?? scheduler.pick(scheduler.pick(moments));
  const kind = wanted?.kind ?? (scheduler.chance(0.5) ? scheduler.pick(strikeKinds) : undefined);
  const probability = (target === "anything" ? 0.02 : 0.6) * scheduler.random.next();
  let left = scheduler.integer(1, mostStrikes);
  const strike = (process: SimulatedProcess, when: string): void => {
    if (scheduler.now > faultsMs || left === 0) return;
    if (target !== "anything" && !when.startsWith(target)) return;
    if (!scheduler.chance(probability)) return;
    const victim = services
      .flatMap((service) => world.instancesOf(service))
      .find((instance) => instance.process === process);
    if (victim === undefined) return;
    left -= 1;
    scheduler.note(`a strike at ${when}`);
    hit(world, victim, kind);
  };
  server.onStatement = strike;
  network.onArrival = strike;
}

/** When programs are struck: beginnings of what statements and messages are called, for each engine. */
const moments = [
  ["anything"],
  ["change", "transfer", "command: claim", "command: record", "commit"],
  ["outbox: append", "log: oldest in progress", "commit"],
  ["answer to events", "consumer: move watermarks", "consumer: take", "bank: an event is seen"],
  ["answer to change", "saga: write a batch", "saga: record a step", "saga: claim"],
  ["saga: find a signal", "saga: keep a signal", "saga: wake who waits", "saga: put aside"],
  ["withdraw", "saga: cancel", "commit"],
];

function hit(
  world: World,
  victim: Instance,
  kind: StrikeKind = world.scheduler.pick(strikeKinds),
): void {
  const { scheduler, network, server } = world;
  switch (kind) {
    case "kill":
      world.replace(victim, scheduler.latency(200, 12_000), () => victim.process.kill());
      return;
    case "pause":
      victim.process.pause(scheduler.latency(1, 10_000));
      return;
    case "long pause":
      victim.process.pause(scheduler.integer(10_000, 16_000));
      return;
    case "crash":
      if (server.up) server.crash(scheduler.latency(50, 3_000), scheduler.chance(0.5));
      return;
    case "cut off":
      network.cutOff(victim.process.name, scheduler.latency(500, 12_000));
      return;
    case "stop":
      world.replace(victim, scheduler.latency(1, 5_000), () => void victim.stop());
  }
}
