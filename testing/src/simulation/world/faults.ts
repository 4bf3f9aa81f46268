import { services } from "./bank.ts";
import type { World } from "./world.ts";

/** How long faults happen, simulated milliseconds. */
export const faultsMs = 15_000;
/** Faults of one run at most, beside those that single messages and statements suffer. */
const mostFaults = 5;

/** Draws what goes wrong in one run, and when: some runs have nothing of a kind, so that the others are alone. */
export function planFaults(world: World): void {
  const { scheduler, network, server } = world;
  const often = (most: number): number => (scheduler.chance(0.4) ? scheduler.random.next() * most : 0);
  network.faults.dropped = often(0.1);
  network.faults.duplicated = often(0.3);
  network.faults.slow = often(0.1);
  server.faults.statementFails = often(0.05);
  server.faults.answerLost = often(0.15);
  server.faults.commitLost = often(0.05);
  const count = scheduler.integer(0, mostFaults);
  for (let n = 0; n < count; n += 1) {
    scheduler.plan(scheduler.random.next() * faultsMs, "a fault", () => hit(world));
  }
  scheduler.plan(faultsMs, "the faults are over", () => {
    Object.assign(network.faults, { dropped: 0, duplicated: 0, slow: 0 });
    Object.assign(server.faults, { statementFails: 0, answerLost: 0, commitLost: 0 });
    scheduler.note("the faults are over");
  });
}

function hit(world: World): void {
  const { scheduler, network, server } = world;
  const instances = services.flatMap((service) => world.instancesOf(service));
  if (instances.length === 0) return;
  const victim = scheduler.pick(instances);
  switch (scheduler.integer(0, 5)) {
    case 0:
    case 1:
      world.replace(victim, scheduler.latency(200, 12_000), () => victim.process.kill());
      return;
    case 2:
      // Beyond its leases, or just so not.
      victim.process.pause(scheduler.latency(500, 16_000));
      return;
    case 3:
      if (server.up) server.crash(scheduler.latency(50, 3_000), scheduler.chance(0.5));
      return;
    case 4:
      network.cutOff(victim.process.name, scheduler.latency(500, 12_000));
      return;
    default:
      world.replace(victim, scheduler.latency(1, 5_000), () => void victim.stop());
  }
}
