/**
 * Why a caller that was written against `used` cannot rely on `offered`; undefined when it can. As semver's caret has it: the
 * same major (below 1.0.0 the same minor), and nothing that came later than what is offered.
 */
export function versionProblem(used: string, offered: string): string | undefined {
  const [wanted, given] = [numbers(used), numbers(offered)];
  const [major, minor] = [0, 1];
  if (wanted[major] !== given[major]) return `another major version`;
  if (wanted[major] === 0 && wanted[minor] !== given[minor])
    return `another minor version, which may break below 1.0.0`;
  for (const [index, part] of wanted.entries()) {
    const other = given[index] ?? 0;
    if (part !== other) return part > other ? `a later version` : undefined;
  }
  return undefined;
}

function numbers(version: string): number[] {
  return (version.split("-")[0] as string).split(".").map(Number);
}
