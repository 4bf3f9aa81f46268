import { posix } from "node:path";

/** The two places of a program on a machine, of which one serves while the other is made ready. */
export const slots = ["a", "b"] as const;
export type Slot = (typeof slots)[number];

/** Names of what belongs to one program on a machine. */
export interface MachineNames {
  /** `/opt/kerf/shop` */
  readonly app: string;
  /** `/opt/kerf/shop/orders`, with releases in it, and links to those in the slots. */
  readonly program: string;
  /** The user that systemd makes for it while it runs; at most 31 characters. */
  readonly user: string;
  /** The folder below `/run` that its two copies share. */
  readonly runtime: string;
  /** The template of its copies: `kerf-shop-orders@.service`. */
  readonly template: string;
  /** The template of the runs of its migrations. */
  readonly migration: string;
  /** The copy in a slot, as systemctl takes it. */
  copy(slot: string): string;
  migrationIn(slot: string): string;
}

/** Longest name of a user in Linux. */
const longestUser = 31;

/** The names of a program of an app below a folder. */
export function machineNames(directory: string, app: string, program: string): MachineNames {
  const base = `kerf-${app}-${program}`;
  const root = posix.join(directory, app);
  return {
    app: root,
    program: posix.join(root, program),
    user: base.length <= longestUser ? base : base.slice(0, longestUser).replace(/-+$/, ""),
    runtime: base,
    template: `${base}@.service`,
    migration: `${base}-migrate@.service`,
    copy: (slot) => `${base}@${slot}.service`,
    migrationIn: (slot) => `${base}-migrate@${slot}.service`,
  };
}

/** The name of a secret as a credential of systemd, which takes no folders: `database/orders` as `database.orders`. */
export function credentialOf(secret: string): string {
  return secret.replace(/^files\//, "").replaceAll("/", ".");
}
