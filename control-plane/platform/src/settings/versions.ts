/** Versions that are kept of the settings of one service; what a release names is kept beyond that. */
export const keptVersions = 50;

/** Who changed something, and when. */
export interface Changed {
  /** ISO 8601. */
  readonly at: string;
  /** The operating-system user that the command line claims to be for. */
  readonly by: string;
  /** Nobody was to be started with it when it was made: it comes into force with the next change of its service. */
  readonly ahead?: true;
}

/** Which version of the configuration and of the secrets of a service; 0 for none. */
export interface SettingsVersions {
  readonly config: number;
  readonly secrets: number;
}

/** How a new version is made. */
export interface Making {
  readonly by: string;
  /** The version that it goes on from; by default the newest. */
  readonly from?: number | undefined;
  /** Nobody is to be started with it yet. */
  readonly ahead?: boolean | undefined;
}

/** Which version of a service's settings is in force. */
export interface InForce extends SettingsVersions {
  /** The highest that ever were: what was made ahead before these has been taken. */
  readonly reached: SettingsVersions;
}

/** The newest version that was made ahead and not taken yet; otherwise the one in force. */
export function comingVersion(
  versions: readonly (Changed & { readonly version: number })[],
  inForce: number,
  reached: number,
): number {
  const ahead = versions.findLast((each) => each.ahead === true)?.version ?? 0;
  return ahead > reached ? ahead : inForce;
}

/** The newest ones, and those that something still names; the oldest first. */
export function bounded<T extends { readonly version: number }>(
  versions: readonly T[],
  named: readonly number[],
): T[] {
  const from = versions.length - keptVersions;
  return versions.filter(({ version }, index) => index >= from || named.includes(version));
}
