import { KerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import { type BootLayout, exportedBoot, exportedMigration } from "../exported-boot.ts";
import { type ExportedProgram, exportedProgramsOf, filesOf } from "../exported-programs.ts";
import { certificateSecrets, migrationSecrets, secretsOf } from "../wanted-secrets.ts";
import { credentialOf, machineNames, type MachineNames, slots } from "./machine-names.ts";
import { hostsOf, type MachineOptions } from "./machine-options.ts";
import { type MachinePorts, slotPorts, withPorts } from "./machine-ports.ts";
import { migrationUnit, serviceUnit } from "./unit-file.ts";

/** One program as machines get it. */
export interface MachineProgram {
  readonly program: ExportedProgram;
  readonly names: MachineNames;
  readonly hosts: readonly string[];
  /** What goes beside its code, by name: boot documents of both slots, and of its migrations. */
  readonly documents: Readonly<Record<string, string>>;
  /** Unit files, by name. */
  readonly units: Readonly<Record<string, string>>;
  /** Names of the secrets that it reads while it runs, and of those that its migrations read beside them. */
  readonly secrets: readonly string[];
  readonly migrationSecrets: readonly string[];
}

/** An app for machines of one's own. */
export interface SystemdExport {
  readonly app: string;
  readonly programs: readonly MachineProgram[];
  readonly ports: MachinePorts;
}

/**
 * An app for machines with systemd, without anything of Kerf's platform: for each program two slots, of which one serves, so that the next release starts beside it.
 * The same app with the same ports is the same text. Throws `invalid_configuration`.
 */
export function systemdExport(
  app: AppManifest,
  options: MachineOptions,
  given: MachinePorts = { programs: {}, gateways: {} },
): SystemdExport {
  const exported = exportedProgramsOf(app, options);
  const ports = withPorts(exported, given, options);
  const programs = exported.map((program): MachineProgram => {
    assertFlatFiles(program);
    const hosts = hostsOf(program.name, options);
    const placed = { ...program, replicas: hosts.length };
    const names = machineNames(options.directory, app.app, program.name);
    const http = ports.gateways[program.name];
    const secrets = [
      ...secretsOf(program, options),
      ...certificateSecrets(program.name),
    ].toSorted();
    const beside = migrationSecrets(program).toSorted();
    const parts = { app: app.app, program, names };
    const migration = migrationUnit({ ...parts, secrets: beside });
    const documents: Record<string, string> = {};
    for (const [index, slot] of slots.entries()) {
      const layout = layoutOf(exported, options, ports, { names, index, slot });
      const boot = exportedBoot(placed, app, options, layout);
      const { calls: _, health } = slotPorts(ports, program.name, index);
      documents[`boot-${slot}.json`] = json(
        withCredentials({
          ...boot,
          ...(program.gateway === undefined
            ? { reusePort: true }
            : { health: { host: "127.0.0.1", port: health }, handover: "." }),
        }),
      );
      if (migration !== undefined)
        documents[`migrate-${slot}.json`] = json(
          withCredentials(exportedMigration(placed, app, options, layout, { admin: true })),
        );
    }
    return {
      program,
      names,
      hosts,
      documents,
      units: {
        [names.template]: serviceUnit({ ...parts, secrets, http }),
        ...(migration === undefined ? undefined : { [names.migration]: migration }),
      },
      secrets,
      migrationSecrets: beside,
    };
  });
  return { app: app.app, programs, ports };
}

/** Where one slot of a program listens, and where it finds the others: on all of their machines, at the port that both slots share. */
function layoutOf(
  exported: readonly ExportedProgram[],
  options: MachineOptions,
  ports: MachinePorts,
  { index, names, slot }: { names: MachineNames; index: number; slot: string },
): BootLayout {
  // Programs of one machine alone are nobody's business outside of it.
  const isAlone =
    exported.every(({ name }) => hostsOf(name, options).length === 1) &&
    new Set(exported.flatMap(({ name }) => hostsOf(name, options))).size === 1;
  const portsOf = ({ name }: ExportedProgram) => slotPorts(ports, name, index);
  return {
    find: (unit) => {
      const name = exported.find((one) => one.unit === unit)?.name ?? unit;
      const hosts = isAlone ? ["127.0.0.1"] : hostsOf(name, options);
      const { calls } = slotPorts(ports, name, 0);
      return { addresses: hosts.map((host) => `${bracketed(host)}:${calls}`) };
    },
    address: (program) => `tcp:${isAlone ? "127.0.0.1" : "0.0.0.0"}:${portsOf(program).calls}`,
    health: (program) => ({ host: "127.0.0.1", port: portsOf(program).health }),
    http: ({ name }) => ({ host: "0.0.0.0", port: ports.gateways[name] as number }),
    build: (service) => `${names.program}/${slot}/kerf/builds/${service}`,
    secrets: secretsFolder,
    certificate: ({ name }) => `${secretsFolder}/certificates/${name}`,
  };
}

/** Stands for the folder of credentials, which only systemd knows. */
const secretsFolder = "secret:";

/** Every secret under the name that systemd hands it over by, seen from its folder. */
function withCredentials(value: unknown): unknown {
  if (typeof value === "string") {
    if (!value.startsWith(`${secretsFolder}/`)) return value;
    return credentialOf(value.slice(secretsFolder.length + 1));
  }
  if (Array.isArray(value)) return value.map(withCredentials);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, withCredentials(member)]),
  );
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}

/** Throws `invalid_configuration` for files of a gateway that lie in folders: systemd hands over names alone. */
function assertFlatFiles(program: ExportedProgram): void {
  for (const file of filesOf(program)) {
    if (!/[/]/.test(file.replace(/^\.\//, ""))) continue;
    throw new KerfError("invalid_configuration", {
      message: `The gateway ${program.gateway?.name} names the file ${file}, which lies in a folder.`,
      why: "systemd hands files over to programs by their names alone (LoadCredential=).",
      fix: `Name it as a file beside the app's module: ./${file.split("/").at(-1)}`,
    });
  }
}
