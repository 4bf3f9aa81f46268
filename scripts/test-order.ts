/** Where files start whole platforms: one of them takes as long as a hundred others. */
const long = [
  "tests/",
  "tools/cli/src/",
  "control-plane/platform/src/",
  "testing/src/simulation/",
  "framework/service/src/host/",
];

/** Engine tests that take most of a minute or more, the longest first, as CI has them: those that mostly wait, and those that work. */
const longest = [
  "tests/tour.",
  "tests/docker/foreign-image.",
  "tests/chaos.",
  "tests/alerts.",
  "tests/guides/deploying.",
  "tests/dashboard/dashboard.",
  "tests/docker/shop.",
  "tests/machines.",
  "tests/init.",
  "tests/docker/backing.",
  "tests/docker/systemd.",
  "control-plane/platform/src/scaling/sleep.",
  "tests/broken-releases.",
  "tests/crash/relay.",
  "tests/deploys.",
  "tests/fresh-clone.",
  "control-plane/platform/src/domains/",
  "tests/shop/why.",
  "tests/kills.",
  "tests/shop/refused.",
  "tests/shop/sagas.",
  "tests/docker/engine-restarts.",
  "tests/shop/degraded.",
  "tests/shop/operating.",
  "tests/shop/telemetry.",
  "control-plane/platform/src/scaling/lag.",
];

/** Those that take long first, so that none of them is alone at the end. */
export function longestFirst(files: readonly string[]): string[] {
  const rank = (path: string): number => {
    const known = path.endsWith(".engine.test.ts")
      ? longest.findIndex((start) => path.startsWith(start))
      : -1;
    if (known !== -1) return known;
    const found = long.findIndex((folder) => path.startsWith(folder));
    return longest.length + (found === -1 ? long.length : found);
  };
  return files.toSorted((one, other) => rank(one) - rank(other));
}

/** Engine tests that have the machine to themselves: they judge how many of so many requests a second are answered, whatever else goes on. */
const alone = ["tests/faults."];

/** Files that may run beside others, and those that may not. */
export function besideAndAlone(files: readonly string[]): { beside: string[]; alone: string[] } {
  const isAlone = (path: string): boolean => alone.some((start) => path.startsWith(start));
  return {
    beside: files.filter((path) => !isAlone(path)),
    alone: files.filter(isAlone),
  };
}
