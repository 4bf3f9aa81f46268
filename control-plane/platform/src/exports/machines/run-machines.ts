import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, KerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { EventLog } from "../../progress/event-log.ts";
import type { ExportAnswer, MachineTarget } from "../export-order.ts";
import { existing, replace } from "../write-files.ts";
import {
  deployMachines,
  lookAtMachines,
  type MachineChange,
  rollBackMachines,
} from "./deploy-machines.ts";
import { Machine } from "./machine.ts";
import { machineNames } from "./machine-names.ts";
import type { MachineOptions } from "./machine-options.ts";
import type { MachinePorts } from "./machine-ports.ts";
import { type MachineRelease, ReleaseMaker } from "./machine-release.ts";
import { machineSecrets, type MachineSecrets } from "./machine-secrets.ts";
import { assertRemovable, removePrograms } from "./remove-programs.ts";
import { Ssh } from "./ssh.ts";
import { type MachineProgram, type SystemdExport, systemdExport } from "./systemd-export.ts";

/** Ports that were given once; belongs into the repository of the app. */
const portsFile = "ports.json";

/** Writes unit files, boot documents and secrets into a folder, for machines of one's own. */
export async function exportToSystemd(
  app: AppManifest,
  { options, out }: { options: MachineOptions; out: string },
  clock: Clock,
): Promise<ExportAnswer> {
  const { exported, secrets, written } = await prepare(app, options, out, clock);
  for (const { documents, program, units } of exported.programs) {
    for (const [name, text] of Object.entries({ ...documents, ...units })) {
      const path = join(out, program.name, name);
      if ((await existing(path)) === text) continue;
      await mkdir(join(out, program.name), { recursive: true });
      await replace(path, text, 0o644);
      written.push(path);
    }
  }
  return { written, notes: notesOf(secrets) };
}

/** Deploys an app to machines by ssh, or goes back there. Throws `invalid_configuration` while a secret is empty that nobody can draw. */
export async function deployToMachines(
  app: AppManifest,
  target: MachineTarget,
  around: { builds: ReadonlyMap<string, string>; clock: Clock; events: EventLog; module: string },
): Promise<ExportAnswer> {
  const { clock, events } = around;
  const { exported, secrets, written } = await prepare(app, target.options, target.out, clock);
  const { dryRun = false, remove } = target;
  const removed = assertRemovable(exported, remove?.names ?? []);
  const stays = chosen(exported, target.names).filter(
    ({ program }) => !removed.includes(program.name),
  );
  const programs = remove?.alone === true ? [] : stays;
  assertFilled(programs, secrets);
  const back = target.back;
  const releases: MachineRelease[] = [];
  const maker = new ReleaseMaker(around.builds, around.module, secrets);
  for (const one of back === undefined ? programs : [])
    releases.push(
      await events.step(
        `release ${one.program.name}`,
        `Putting ${one.program.name} together`,
        () => maker.make(one),
        ({ release }) => release,
      ),
    );
  const ssh = await Ssh.open({ config: target.sshConfig });
  const machines = new Map<string, Machine>();
  try {
    const wanted = new Set(programs.flatMap(({ hosts }) => hosts));
    for (const host of target.hosts) {
      if (removed.length === 0 && !wanted.has(host.host)) continue;
      const folder = machineNames(target.options.directory, app.app, "").app;
      machines.set(
        host.host,
        await events.step(
          `look ${host.host}`,
          `Looking at ${host.host}`,
          () => (dryRun ? Machine.look(ssh, host) : Machine.take(ssh, host, folder)),
          () => "",
        ),
      );
    }
    const deploy = { machines, clock, events };
    const changes: MachineChange[] =
      back === undefined
        ? await (dryRun ? lookAtMachines : deployMachines)(releases, deploy)
        : await rollBackMachines(
            programs.map(({ hosts, names, program }) => ({ name: program.name, names, hosts })),
            back.release,
            deploy,
          );
    const { directory } = target.options;
    // Last: nobody calls it any more.
    const gone = await removePrograms(removed, { name: app.app, directory }, deploy, dryRun);
    return { written, notes: [], machines: [...changes, ...gone] };
  } finally {
    for (const machine of machines.values()) machine.free();
    await ssh.close();
  }
}

async function prepare(
  app: AppManifest,
  options: MachineOptions,
  out: string,
  clock: Clock,
): Promise<{ exported: SystemdExport; secrets: MachineSecrets; written: string[] }> {
  await mkdir(out, { recursive: true });
  const path = join(out, portsFile);
  const text = await existing(path);
  const given = text === undefined ? undefined : (JSON.parse(text) as MachinePorts);
  const exported = systemdExport(app, options, given);
  const ports = `${JSON.stringify(exported.ports, undefined, 1)}\n`;
  const written: string[] = [];
  if (ports !== text) {
    await replace(path, ports, 0o644);
    written.push(path);
  }
  const drawn = await machineSecrets(out, app, exported, options, clock.wall());
  return { exported, secrets: drawn.secrets, written: [...written, ...drawn.written] };
}

/** The programs that services, units or gateways are in. */
function chosen({ programs }: SystemdExport, names: readonly string[]): MachineProgram[] {
  if (names.length === 0) return [...programs];
  const isMeant = ({ program }: MachineProgram, name: string): boolean =>
    program.unit === name ||
    program.name === name ||
    (program.gateway === undefined && program.services.some((service) => service.name === name));
  const unknown = names.filter((name) => !programs.some((one) => isMeant(one, name)));
  if (unknown.length > 0) {
    throw new KerfError("not_found", {
      message: `The app has no ${unknown.join(", ")}.`,
      why: `Its programs are ${programs.map(({ program }) => program.unit).join(", ")}.`,
      fix: "Name services, units, or gateway:NAME; or all with --all.",
    });
  }
  return programs.filter((one) => names.some((name) => isMeant(one, name)));
}

function assertFilled(programs: readonly MachineProgram[], secrets: MachineSecrets): void {
  const wanted = new Set(programs.flatMap((one) => one.secrets));
  const empty = [...wanted].filter((name) => (secrets.get(name) ?? "").trim() === "");
  if (empty.length === 0) return;
  throw new KerfError("invalid_configuration", {
    message: `Secrets are empty: ${empty.map((name) => join("secrets", name)).join(", ")}.`,
    why: "Nobody but you knows them.",
    fix: "Write them into these files of the export's folder.",
  });
}

function notesOf(secrets: MachineSecrets): string[] {
  return [...secrets]
    .filter(([, text]) => text.trim() === "")
    .map(([name]) => `Fill ${join("secrets", name)}: nobody else knows it.`);
}
