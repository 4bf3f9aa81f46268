import { KerfError } from "@kerf/kernel";
import type { MachineChange, MachineDeploy } from "./deploy-machines.ts";
import { running } from "./deploy-machines.ts";
import { machineNames } from "./machine-names.ts";
import type { SystemdExport } from "./systemd-export.ts";

/** The names of programs by those of services, units or `gateway:NAME`. Throws `conflict` when one is called by a program that stays. */
export function assertRemovable(
  { programs }: SystemdExport,
  wanted: readonly string[],
): readonly string[] {
  const removed = wanted.map((name) => name.replace(":", "-"));
  const staying = programs.filter(({ program }) => !removed.includes(program.name));
  for (const name of removed) {
    const unit = programs.find(({ program }) => program.name === name)?.program.unit;
    const callers = staying.filter(
      ({ program }) => unit !== undefined && program.calls.includes(unit),
    );
    if (callers.length === 0) continue;
    throw new KerfError("conflict", {
      message: `${name} cannot be removed: ${callers.map(({ program }) => program.name).join(", ")} would call it.`,
      why: "The app still declares it, and that others use it.",
      fix: "Take it out of the app and deploy who used it; then remove it, or do both at once with --all --remove.",
      retry: "never",
    });
  }
  return removed;
}

/** Ends programs on every machine and takes their files away; callers before callees is up to whoever names them. With `only`, says what it would do. */
export async function removePrograms(
  names: readonly string[],
  app: { readonly name: string; readonly directory: string },
  { events, machines }: MachineDeploy,
  only: boolean,
): Promise<MachineChange[]> {
  const gone: MachineChange[] = [];
  for (const program of names) {
    const own = machineNames(app.directory, app.name, program);
    for (const [host, machine] of machines) {
      const state = await machine.state(own);
      const release = running(state);
      if (release === undefined) continue;
      if (!only)
        await events.step(
          `remove ${program}@${host}`,
          `Taking ${program} away from ${host}`,
          () => machine.forget(own),
          () => "",
        );
      gone.push({ program, host, change: "gone", release, before: release, sent: 0 });
    }
  }
  return gone;
}
