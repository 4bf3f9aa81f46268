/** Versions that are kept of the settings of one service; what a release names is kept beyond that. */
export const keptVersions = 50;

/** Who changed something, and when. */
export interface Changed {
  /** ISO 8601. */
  readonly at: string;
  /** The operating-system user that the command line claims to be for. */
  readonly by: string;
}

/** The newest ones, and those that something still names; the oldest first. */
export function bounded<T extends { readonly version: number }>(
  versions: readonly T[],
  named: readonly number[],
): T[] {
  const from = versions.length - keptVersions;
  return versions.filter(({ version }, index) => index >= from || named.includes(version));
}
