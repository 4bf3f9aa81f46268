import { resolve } from "node:path";
import { KerfError } from "@kerf/kernel";
import {
  type MachineExportOptions,
  machineOptions,
  withMachineOptions,
} from "./machine-options.ts";
import { optionsInFile } from "./options-file.ts";
import { type MachineChange, runExporter } from "./run-exporter.ts";
import type { SshTarget } from "./ssh-target.ts";

/** What a deploy to machines takes beside them. */
export interface MachineDeployOptions {
  app?: string;
  home?: string;
  json?: true;
  options?: string;
  sshConfig?: string;
  dryRun?: true;
  canary?: number;
  watch?: number;
  remove?: string[];
  label?: string;
}

/** Brings services to machines by ssh, or back to a release that ran there before. */
export async function deployToMachines(
  names: readonly string[],
  { hosts }: SshTarget,
  given: MachineDeployOptions,
  back?: { readonly release?: string | undefined },
): Promise<void> {
  const { app, home, json, options: file, sshConfig } = given;
  const platforms = (["canary", "watch", "remove", "label", "dryRun"] as const).filter(
    (name) => given[name] !== undefined,
  );
  if (platforms.length > 0) {
    const names = platforms.map((name) => (name === "dryRun" ? "--dry-run" : `--${name}`));
    throw new KerfError("usage", {
      message: `${names.join(", ")} cannot be had on machines by ssh.`,
      why: "It takes a platform, or a cluster.",
      fix: "Leave it out; look at what kerf export systemd writes before.",
    });
  }
  const exported = optionsInFile<MachineExportOptions>(file, withMachineOptions, {
    command: "kerf export systemd",
    example: "--server main=./admin-url",
  });
  // Whom ssh reaches is whom the others reach, where the options do not say otherwise.
  const reached = exported.host.length > 0 ? exported.host : hosts.map(({ host }) => host);
  const unknown = hosts.filter(({ host }) => !reached.includes(host));
  if (unknown.length > 0 || hosts.length < reached.length) {
    throw new KerfError("usage", {
      message: `The target has ${hosts.map(({ host }) => host).join(", ")}, the options have ${reached.join(", ")}.`,
      why: "Programs are told of all machines, and so all of them are deployed to.",
      fix: "Name the same ones in --target and by --host; what ssh is to do differently is set in its configuration.",
    });
  }
  await runExporter(
    {
      kind: "machines",
      options: machineOptions({ ...exported, host: reached }),
      out: resolve(exported.out),
      hosts,
      names,
      ...(sshConfig === undefined ? undefined : { sshConfig: resolve(sshConfig) }),
      ...(back === undefined ? undefined : { back }),
    },
    {
      ...(app === undefined ? undefined : { app }),
      ...(home === undefined ? undefined : { home }),
      ...(json === undefined ? undefined : { json }),
    },
    ({ machines = [] }) => machinesText(machines),
  );
}

function machinesText(changes: readonly MachineChange[]): string {
  return changes
    .map(({ before, change, host, program, release }) =>
      change === "same"
        ? `  ${program} on ${host}: ${release}, as it was`
        : `${before === undefined ? "+" : "~"} ${program} on ${host}: ${before === undefined ? "" : `${before} → `}${release}`,
    )
    .join("\n");
}
