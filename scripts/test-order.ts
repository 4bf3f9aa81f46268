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
  "tests/docker/foreign-image.",
  "tests/alerts.",
  "tests/dashboard/dashboard.",
  "tests/docker/shop.",
  "tests/machines.",
  "tests/init.",
  "tests/docker/backing.",
  "tests/docker/systemd.",
  "control-plane/platform/src/scaling/sleep.",
  "tests/broken-releases.",
  "tests/crash/relay.",
  "control-plane/platform/src/domains/",
  "tests/redis.",
  "tests/docker/redis.",
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

/**
 * Engine tests that have the machine to themselves. They judge what clients see under load, how soon, and whether a page is whole: beside others such a page
 * lacked, on a busy machine, the part whose deadline had passed.
 */
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
