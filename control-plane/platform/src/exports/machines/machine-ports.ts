import { KerfError } from "@kerf/kernel";
import type { ExportedProgram } from "../exported-programs.ts";

/** How many ports a program has: for calls, and for the probes of each of its two slots. */
const portsEach = 3;
const largestPort = 65_535;

/** The first port of each program, and of gateways the one for clients. */
export interface MachinePorts {
  readonly programs: Readonly<Record<string, number>>;
  readonly gateways: Readonly<Record<string, number>>;
}

/** Ports of one slot of a program; that for calls is the same in both. */
export interface SlotPorts {
  readonly calls: number;
  readonly health: number;
}

/** Gives what has none its ports. Those that were given stay, also of programs that are gone: callers on other machines know them. */
export function withPorts(
  programs: readonly ExportedProgram[],
  given: MachinePorts,
  { httpPort, port }: { readonly port: number; readonly httpPort: number },
): MachinePorts {
  const all: Record<string, number> = { ...given.programs };
  const fronts: Record<string, number> = { ...given.gateways };
  for (const { gateway, name } of programs) {
    all[name] ??= next(Object.values(all), port, portsEach);
    if (gateway !== undefined) fronts[name] ??= next(Object.values(fronts), httpPort, 1);
  }
  return { programs: all, gateways: fronts };
}

/** The ports of a program in the first of its slots, or in the second. */
export function slotPorts({ programs }: MachinePorts, program: string, slot: number): SlotPorts {
  const first = programs[program] as number;
  return { calls: first, health: first + 1 + slot };
}

function next(taken: readonly number[], first: number, each: number): number {
  const free = taken.length === 0 ? first : Math.max(...taken) + each;
  if (free + each - 1 <= largestPort) return free;
  throw new KerfError("invalid_configuration", {
    message: `There are no ports left above ${free}.`,
    fix: "Begin lower, --port 7100; or remove programs that are gone from ports.json.",
  });
}
