import type { SettingsVersions } from "../settings/versions.ts";

/** A unit's list of builds with the versions of their settings, in one environment; numbered from 1 within its unit. */
export interface Release {
  readonly number: number;
  /** The digest of the build of each service. */
  readonly builds: Readonly<Record<string, string>>;
  /** The versions of the settings of the services that have any; releases of the version before say nothing of them. */
  readonly settings?: Readonly<Record<string, SettingsVersions>> | undefined;
  /** What of the app its copies were started with, as a digest; absent where the app says nothing that they are given. Of a release of the app: all of it. */
  readonly app?: string | undefined;
  /** The step at which the change failed that it was made for, `interrupted` when the platform ended in its middle; absent once it has served. */
  readonly failed?: string | undefined;
  /** Why it failed, in a sentence. */
  readonly failure?: string | undefined;
  /** When it was made, RFC 3339. */
  readonly at: string;
  /** Who asked for it. */
  readonly by: string;
  /** The change that it was made for. */
  readonly why: string;
}

/** How a release is called: `orders@3`. */
export function releaseName(unit: string, number: number): string {
  return `${unit}@${number}`;
}
