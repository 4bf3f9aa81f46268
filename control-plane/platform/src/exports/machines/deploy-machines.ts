import { type Clock, KerfError, toKerfError } from "@kerf/kernel";
import type { EventLog } from "../../progress/event-log.ts";
import { programsInOrder } from "../programs-in-order.ts";
import { type Machine, type MachineState } from "./machine.ts";
import type { MachineNames, Slot } from "./machine-names.ts";
import type { MachineRelease } from "./machine-release.ts";
import { databasesOf } from "../exported-programs.ts";

/** What became of one program on one machine. */
export interface MachineChange {
  readonly program: string;
  readonly host: string;
  readonly change: "new" | "changed" | "same" | "back" | "gone";
  readonly release: string;
  readonly before?: string | undefined;
  /** Bytes of code that had to be sent, or would have to be. */
  readonly sent: number;
  /** Of one that was only asked for: its databases would be migrated there. */
  readonly migrates?: true;
}

/** What a deploy to machines is given. */
export interface MachineDeploy {
  /** By the names of hosts, as programs name them. */
  readonly machines: ReadonlyMap<string, Machine>;
  readonly clock: Clock;
  readonly events: EventLog;
}

/**
 * Brings releases to their machines: callees before callers, of each program one machine after the other. The new copy starts beside the old one, which serves until the
 * new one is ready. Throws what went wrong, with the step, the machine, and what serves there; programs and machines that were done stay.
 */
export async function deployMachines(
  releases: readonly MachineRelease[],
  deploy: MachineDeploy,
): Promise<MachineChange[]> {
  const done: MachineChange[] = [];
  for (const release of programsInOrder(releases)) {
    for (const host of release.hosts) {
      const machine = deploy.machines.get(host) as Machine;
      const { name } = release.program;
      const change = await deploy.events.step(
        `${name}@${host}`,
        `${name} on ${host}`,
        () => roll(machine, release, deploy, done),
        ({ change: what, sent }) =>
          what === "same" ? "as it was" : `${what}  ${mebibytes(sent)} sent`,
      );
      done.push(change);
    }
  }
  return done;
}

/** Says what a deploy would do, and changes nothing. */
export async function lookAtMachines(
  releases: readonly MachineRelease[],
  { machines }: MachineDeploy,
): Promise<MachineChange[]> {
  const found: MachineChange[] = [];
  for (const release of programsInOrder(releases)) {
    const { hosts, names, program, release: wanted } = release;
    for (const [index, host] of hosts.entries()) {
      const machine = machines.get(host) as Machine;
      const state = await machine.state(names);
      const before = running(state);
      const about = { program: program.name, host, release: wanted, before };
      if (before === wanted && state.isActive) {
        found.push({ ...about, change: "same", sent: 0 });
        continue;
      }
      const sent = await machine.missing(release);
      const migrates = index === 0 && databasesOf(program).length > 0;
      found.push({
        ...about,
        change: before === undefined ? "new" : "changed",
        sent,
        ...(migrates ? { migrates } : undefined),
      });
    }
  }
  return found;
}

/** Runs a release again that is there: the one before, or a named one. */
export async function rollBackMachines(
  programs: readonly { name: string; names: MachineNames; hosts: readonly string[] }[],
  wanted: string | undefined,
  deploy: MachineDeploy,
): Promise<MachineChange[]> {
  const done: MachineChange[] = [];
  for (const { hosts, name, names } of programs) {
    for (const host of hosts) {
      const machine = deploy.machines.get(host) as Machine;
      const state = await machine.state(names);
      const release = earlier(state, wanted, `${name} on ${host}`);
      const before = running(state);
      await deploy.events.step(
        `${name}@${host}`,
        `${name} on ${host} back to ${release}`,
        () =>
          exchange(machine, names, { state, release, name, done }, deploy.clock, () =>
            Promise.resolve(),
          ),
        () => "",
      );
      done.push({ program: name, host, change: "back", release, before, sent: 0 });
    }
  }
  return done;
}

async function roll(
  machine: Machine,
  release: MachineRelease,
  { clock }: MachineDeploy,
  done: readonly MachineChange[],
): Promise<MachineChange> {
  const { names, program, release: wanted } = release;
  const about = { program: program.name, host: machine.host.host };
  const step = stepOf(about, done);
  const state = await step("looking at what is there", undefined, () => machine.state(names));
  const before = running(state);
  if (before === wanted && state.isActive)
    return { ...about, change: "same", release: wanted, before, sent: 0 };
  const sent = await step("sending the release", state, () => machine.send(release));
  const isFirst = !done.some((one) => one.program === program.name);
  await exchange(
    machine,
    names,
    { state, release: wanted, name: program.name, done },
    clock,
    async (slot) => {
      // Once is enough: all machines have the same databases.
      if (isFirst && databasesOf(program).length > 0) await machine.migrate(release, slot);
    },
  );
  await step("taking old releases away", undefined, () => machine.prune(names));
  return {
    ...about,
    change: before === undefined ? "new" : "changed",
    release: wanted,
    before,
    sent,
  };
}

/** The new copy in the free slot, then everyone to it, then the end of the old one. */
async function exchange(
  machine: Machine,
  names: MachineNames,
  {
    done,
    name,
    release,
    state,
  }: { state: MachineState; release: string; name: string; done: readonly MachineChange[] },
  clock: Clock,
  prepare: (slot: Slot) => Promise<void>,
): Promise<void> {
  const old = state.current;
  const slot: Slot = old === "a" ? "b" : "a";
  const step = stepOf({ program: name, host: machine.host.host }, done);
  await step("placing the release", state, () => machine.place(names, release, slot));
  await step("migrating its databases", state, () => prepare(slot));
  try {
    await step("starting it", state, () => machine.start(names, slot, clock));
  } catch (thrown) {
    // What cannot be stopped now is stopped before its slot is used again.
    await machine.stop(names, slot).catch(() => {});
    throw thrown;
  }
  await step("making it the one that serves", state, () => machine.flip(names, release, slot));
  if (old !== undefined)
    await step("ending the copy before", { ...state, current: slot }, () =>
      machine.retire(names, old),
    );
}

/** Runs a step; what it throws says which it was, where, and what serves there. */
function stepOf(
  { host, program }: { program: string; host: string },
  done: readonly MachineChange[],
): <T>(what: string, state: MachineState | undefined, work: () => Promise<T>) => Promise<T> {
  return async (what, state, work) => {
    try {
      return await work();
    } catch (thrown) {
      const cause = toKerfError(thrown);
      const before = state === undefined ? undefined : running(state);
      const others = done.map((one) => `${one.program} on ${one.host} (${one.release})`);
      throw new KerfError(cause.code, {
        ...cause.toShape(),
        message: `${program} on ${host}: ${what} failed. ${cause.message}`,
        fix: [
          before === undefined ? "" : `The release of before, ${before}, serves on there.`,
          others.length === 0 ? "" : `Done before: ${others.join(", ")}.`,
          cause.fix ?? "",
        ]
          .filter((text) => text !== "")
          .join(" "),
        cause,
      });
    }
  };
}

/** The release that serves. */
export function running({ current, releases }: MachineState): string | undefined {
  return current === undefined ? undefined : releases[current];
}

function earlier(state: MachineState, wanted: string | undefined, where: string): string {
  const now = running(state);
  const known = state.history.filter((one) => one !== now);
  const found = wanted === undefined ? known.at(-1) : known.find((one) => one === wanted);
  if (found !== undefined) return found;
  throw new KerfError("not_found", {
    message: `${where} has no release ${wanted === undefined ? "to go back to" : wanted}.`,
    why: known.length === 0 ? "None has served before." : `There are ${known.join(", ")}.`,
    fix: "Deploy what you want to run: kerf deploy --all --target ssh://…",
  });
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
