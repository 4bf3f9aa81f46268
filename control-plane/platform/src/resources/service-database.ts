import type { ProvisionedService } from "@kerf/data";
import type { KerfError } from "@kerf/kernel";
import type { ManifestService } from "@kerf/service";
import { passes } from "./patiently.ts";

/** Where the database of one service stands. */
export interface ServiceDatabase {
  declared: ManifestService;
  server: string;
  provisioned?: ProvisionedService;
  /** The newest migration that is applied. */
  migration?: string;
  /** Why its database is not as its code needs it. */
  problem?: KerfError;
  /** Resolves when the first attempt to prepare it has come to its end, well or not. */
  attempted: PromiseWithResolvers<void>;
}

/** Nothing has been made for it yet. */
export function isUnmade({ provisioned }: ServiceDatabase): boolean {
  return provisioned === undefined;
}

/** It is not as its code needs it. */
export function isBroken({ problem }: ServiceDatabase): boolean {
  return problem !== undefined;
}

/** It could not be reached, which passes. */
export function isAway({ problem }: ServiceDatabase): boolean {
  return problem !== undefined && passes(problem);
}
