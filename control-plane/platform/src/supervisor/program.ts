import type { ForeignImage } from "../runtimes/docker/foreign-image.ts";
import type { SettingsVersions } from "../settings/versions.ts";

/** What is to run: a unit with its services, a gateway, or an image of somebody else beside a sidecar; as many copies as wanted. */
export interface Program {
  /** The name of a unit or of an image, or `gateway:NAME`. */
  readonly unit: string;
  readonly kind: "host" | "image" | "gateway";
  /** Of the kind `image`. */
  readonly image?: ForeignImage | undefined;
  /** Of a unit: its one service is a program in any language, and the copy its sidecar. */
  readonly sidecar?: true;
  /** Services that a copy runs; of a gateway the name of its backend, when it has one. */
  readonly services: readonly string[];
  readonly copies: number;
  /** Where the platform runs releases: which one of the unit's it is, */
  readonly release?: number | undefined;
  /** and the absolute paths of the builds of its services. */
  readonly builds?: Readonly<Record<string, string>> | undefined;
  /** and the versions of the settings of those that have any. */
  readonly settings?: Readonly<Record<string, SettingsVersions>> | undefined;
  /** Of a gateway: where clients reach it, all copies at the same port. */
  readonly http?: { readonly host: string; readonly port: number };
}

/** The program's name where a colon may not stand: in ids, files and sockets. No unit can be called the same. */
export function plainName(unit: string): string {
  return unit.replace(":", ".");
}

/** The places of a program's copies. */
export function slotNames({ unit, copies }: Program): string[] {
  return Array.from({ length: copies }, (_, index) => `${plainName(unit)}-${index + 1}`);
}
