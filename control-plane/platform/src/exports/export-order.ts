import type { ComposeOptions } from "./compose/compose-export.ts";
import type { ObjectChange } from "./kubernetes/deploy.ts";
import type { MachineChange } from "./machines/deploy-machines.ts";
import type { MachineOptions } from "./machines/machine-options.ts";
import type { SshHost } from "./machines/ssh.ts";
import type { KubernetesOptions } from "./kubernetes/kubernetes-options.ts";

/** What is to be exported, and into what. */
export interface ExportOrder {
  /** Absolute path of the app's module. */
  readonly module: string;
  /** Absolute path of the folder of builds; images without a named tag get that of their build. */
  readonly builds: string;
  readonly target: ExportTarget;
}

/** One of the forms of an export. */
export type ExportTarget =
  | { readonly kind: "compose"; readonly options: ComposeOptions; readonly out: string }
  | {
      readonly kind: "kubernetes";
      readonly options: KubernetesOptions;
      readonly out?: string | undefined;
    }
  | {
      readonly kind: "helm";
      readonly options: KubernetesOptions;
      readonly out: string;
      /** Programs; all without it. */
      readonly names: readonly string[];
    }
  /** Drawn keys and passwords as Secrets, to be applied once. `servers`: files with the administrator's URL of servers. */
  | {
      readonly kind: "secrets";
      readonly options: KubernetesOptions;
      readonly servers: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: "deploy";
      readonly options: KubernetesOptions;
      readonly context?: string | undefined;
      readonly dryRun: boolean;
    }
  /** Unit files, boot documents and secrets for machines of one's own. */
  | { readonly kind: "systemd"; readonly options: MachineOptions; readonly out: string }
  | MachineTarget;

/** Machines that are reached by ssh. */
export interface MachineTarget {
  readonly kind: "machines";
  readonly options: MachineOptions;
  /** Folder of the export, with its secrets and ports. */
  readonly out: string;
  /** The same as in the options, as ssh reaches them. */
  readonly hosts: readonly SshHost[];
  /** A file instead of the user's configuration of ssh. */
  readonly sshConfig?: string | undefined;
  /** Services, units or `gateway:NAME`; all without any. */
  readonly names: readonly string[];
  /** What is to go, by the same names; with `alone`, and nothing is deployed. */
  readonly remove?: { readonly names: readonly string[]; readonly alone: boolean } | undefined;
  /** Says what it would do, and changes nothing on machines. */
  readonly dryRun?: boolean | undefined;
  /** Runs what ran before instead of what is here: a release by its name, else the last one. */
  readonly back?: { readonly release?: string | undefined } | undefined;
}

/** What came of it. */
export interface ExportAnswer {
  /** What goes to standard output, if the target was that. */
  readonly text?: string;
  /** Absolute paths that were written. */
  readonly written: readonly string[];
  /** What people should know or do. */
  readonly notes: readonly string[];
  /** Of a deploy: what it changed or would. */
  readonly changes?: readonly ObjectChange[];
  /** Of a deploy to machines: what it changed. */
  readonly machines?: readonly MachineChange[];
}
