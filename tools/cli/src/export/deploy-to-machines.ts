import { resolve } from "node:path";
import { KerfError } from "@kerf/kernel";
import { assertNamed } from "../changes/assert-named.ts";
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
  all?: true;
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
  const platforms = (["canary", "watch", "label"] as const).filter(
    (name) => given[name] !== undefined,
  );
  if (platforms.length > 0) {
    throw new KerfError("usage", {
      message: `${platforms.map((name) => `--${name}`).join(", ")} cannot be had on machines by ssh.`,
      why: "It takes a platform that measures the calls of both releases.",
      fix: "Leave it out; --dry-run says before what would change, and kerf rollback goes back.",
    });
  }
  const { all, dryRun, remove } = given;
  // What is to go needs no other name.
  if (remove === undefined || names.length > 0) assertNamed(names, all);
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
      ...(dryRun === undefined ? undefined : { dryRun }),
      ...(remove === undefined
        ? undefined
        : { remove: { names: remove, alone: names.length === 0 && all !== true } }),
      ...(sshConfig === undefined ? undefined : { sshConfig: resolve(sshConfig) }),
      ...(back === undefined ? undefined : { back }),
    },
    {
      ...(app === undefined ? undefined : { app }),
      ...(home === undefined ? undefined : { home }),
      ...(json === undefined ? undefined : { json }),
    },
    ({ machines = [] }) => machinesText(machines, dryRun === true),
  );
}

function machinesText(changes: readonly MachineChange[], isAsked: boolean): string {
  return changes
    .map((each) => {
      const { before, change, host, program, release } = each;
      const about = `${program} on ${host}`;
      if (change === "same") return `  ${about}: ${release}, as it was`;
      if (change === "gone") return `- ${about}: ${release}`;
      const sign = before === undefined ? "+" : "~";
      const from = before === undefined ? "" : `${before} → `;
      return `${sign} ${about}: ${from}${release}${isAsked ? workText(each) : ""}`;
    })
    .join("\n");
}

/** What a deploy would have to do for it. */
function workText({ migrates, sent }: MachineChange): string {
  const migrations = migrates === true ? ", migrates its databases" : "";
  return `, ${(sent / 1_048_576).toFixed(1)} MiB to send${migrations}`;
}
