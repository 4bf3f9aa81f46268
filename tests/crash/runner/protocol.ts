import type { DatabaseBoot } from "@kerf/call";
import type { ConnectionConfig } from "@kerf/data";
import type { CrashPlan, Cut, Reached } from "../hook/crash.ts";
import type { ServiceName } from "../app/services.ts";

/** What a process is told to be. */
export interface ProcessBoot {
  /** Unique among all that ever lived in a run: owner of leases. */
  readonly instance: string;
  readonly services: readonly ServiceName[];
  readonly databases: Readonly<Record<string, DatabaseBoot>>;
  readonly address: string;
  /** Where the services listen, this process's among them. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  readonly plan: CrashPlan | undefined;
  /** What carries its events. */
  readonly broker: string | undefined;
  /** Where its connection to a database is cut once. */
  readonly cut: Cut | undefined;
  /** The administrator of a server on which the process makes and migrates its databases itself, as the platform does. */
  readonly setup: ConnectionConfig | undefined;
  /** The first upkeep of the databases comes at once instead of after half a minute. */
  readonly upkeep: boolean;
}

/** From the runner to a process. */
export type Order = { readonly boot: ProcessBoot } | "stop";

/** From a process to the runner. */
export type Report =
  | { readonly ready: true }
  | { readonly failed: string }
  | {
      readonly stopped: {
        readonly reached: readonly Reached[];
        readonly strange: readonly string[];
      };
    };
