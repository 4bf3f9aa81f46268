import { serviceNames } from "./contracts.ts";
import { conditions, type Instance } from "./instance.ts";
import type { World } from "./world.ts";

/** How long faults happen, simulated milliseconds. */
export const faultsMs = 8_000;
/** Faults of one run at most. */
const mostFaults = 12;
/** Faults of a run that has one kind on purpose. */
const oftenFaults = 60;
/** Pauses and cuts go from shorter than an attempt to longer than a connection lives in silence. */
const longestMs = 9_000;

const kinds = [
  "kill",
  "vanish",
  "pause",
  "cut off",
  "cut one way",
  "break",
  "break",
  "condition",
  "condition",
  "deploy",
  "caller pause",
] as const;
export type FaultKind = (typeof kinds)[number];

/** Draws what goes wrong in one run, and when: some runs have one kind only, so that it is alone. */
export function planFaults(world: World): void {
  const { scheduler, network, variant } = world;
  network.faults.slow = scheduler.chance(0.3) ? scheduler.random.next() * 0.02 : 0;
  const drawn = scheduler.chance(0.3) ? scheduler.pick(kinds) : undefined;
  const only = variant.fault ?? drawn;
  const count = variant.fault === undefined ? scheduler.integer(0, mostFaults) : oftenFaults;
  for (let n = 0; n < count; n++) {
    scheduler.plan(scheduler.random.next() * faultsMs, "a fault", () => {
      const victims = serviceNames.flatMap((service) => world.instancesOf(service));
      if (victims.length > 0) hit(world, scheduler.pick(victims), only ?? scheduler.pick(kinds));
    });
  }
  scheduler.plan(faultsMs, "the faults are over", () => {
    network.faults.slow = 0;
    for (const service of serviceNames) {
      for (const instance of world.instancesOf(service)) instance.condition = "well";
    }
    scheduler.note("the faults are over");
  });
}

function hit(world: World, victim: Instance, kind: FaultKind): void {
  const { scheduler, network } = world;
  // What is cut or paused is well again soon after the faults are over.
  const ms = Math.min(scheduler.latency(5, longestMs), faultsMs - scheduler.now);
  const { name } = victim;
  const others = world.programs
    .map(({ process }) => process.name)
    .filter((other) => other !== name);
  switch (kind) {
    case "kill":
      world.replace(victim, () => victim.process.kill());
      return;
    case "vanish":
      // The machine is gone: nobody is told, and nobody answers.
      for (const other of others) {
        network.cut(name, other, Number.POSITIVE_INFINITY);
        network.cut(other, name, Number.POSITIVE_INFINITY);
      }
      world.replace(victim, () => victim.process.kill());
      return;
    case "pause":
      victim.process.pause(ms);
      return;
    case "cut off":
      for (const other of others) {
        network.cut(name, other, ms);
        network.cut(other, name, ms);
      }
      return;
    case "cut one way": {
      const other = scheduler.pick(others);
      if (scheduler.chance(0.5)) network.cut(name, other, ms);
      else network.cut(other, name, ms);
      return;
    }
    case "break":
      network.breakOne(name);
      return;
    case "condition":
      victim.condition = scheduler.pick(conditions);
      scheduler.note(`${name} is ${victim.condition}`);
      return;
    case "deploy":
      world.deploy(victim, scheduler.chance(0.7));
      return;
    case "caller pause":
      scheduler.pick(world.clients).program.process.pause(ms);
  }
}
