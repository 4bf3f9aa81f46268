/** Where files start whole platforms: one of them takes as long as a hundred others. */
const long = [
  "tests/",
  "tools/cli/src/",
  "control-plane/platform/src/",
  "testing/src/simulation/",
  "framework/service/src/host/",
];

/** Those that take long first, so that none of them is alone at the end. */
export function longestFirst(files: readonly string[]): string[] {
  const rank = (path: string): number => {
    const found = long.findIndex((folder) => path.startsWith(folder));
    return found === -1 ? long.length : found;
  };
  return files.toSorted((one, other) => rank(one) - rank(other));
}

/** Engine tests that hold the machine to what it can do, and so have it to themselves: they judge what clients see under load. */
const alone = [
  "data-plane/proxy/src/protocol/",
  "tests/chaos.",
  "tests/deploys.",
  "tests/faults.",
  "tests/fresh-clone.",
  "tests/guides/deploying.",
  "tests/tour.",
];

/** Files that may run beside others, and those that may not. */
export function besideAndAlone(files: readonly string[]): { beside: string[]; alone: string[] } {
  const isAlone = (path: string): boolean => alone.some((start) => path.startsWith(start));
  return {
    beside: files.filter((path) => !isAlone(path)),
    alone: files.filter(isAlone),
  };
}
