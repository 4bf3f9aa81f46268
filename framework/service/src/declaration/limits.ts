/** What the copies of a unit may use. */
export interface UnitLimits {
  /** Resident memory of one copy: `"512MB"`, `"2GB"`, of 1024 × 1024 bytes and more; at least 128 MB. Default: none. */
  readonly memory?: string | undefined;
  /**
   * Processors of one copy: `0.5` is half of one; at least 0.05. Default: as many as there are. Held by containers; a copy that is a process of the machine takes
   * what is free, and `kerf status` says so.
   */
  readonly cpus?: number | undefined;
}

/** The same as the platform has it. */
export interface ManifestLimits {
  /** Resident memory, bytes. */
  readonly memoryBytes?: number | undefined;
  /** Processors; held where copies are containers. */
  readonly cpus?: number | undefined;
}

const mebibyte = 1_048_576;
const units: Readonly<Record<string, number>> = { MB: mebibyte, GB: 1_024 * mebibyte };
/** A program without any code of an author's takes some 90 MB. */
const leastBytes = 128 * mebibyte;
/** With less a program does not start in the time that it has for it: it takes half a second of a whole one. */
const leastCpus = 0.05;
/** More than any machine has. */
const mostCpus = 1_024;

/** A size in bytes; undefined for what is none. */
export function bytesOf(size: string): number | undefined {
  const [, count = "", unit = ""] = /^(\d{1,9})(MB|GB)$/.exec(size) ?? [];
  const bytes = Number(count) * (units[unit] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** What is wrong with the limits of an app; `names`: what its units may be called. */
export function limitProblems(
  limits: Readonly<Record<string, UnitLimits>>,
  names: readonly string[],
): string[] {
  return Object.entries(limits).flatMap(([unit, { cpus, memory }]) =>
    names.includes(unit)
      ? [...memoryProblems(unit, memory), ...cpuProblems(unit, cpus)]
      : [`limits: there is no unit ${JSON.stringify(unit)}; there can be ${names.join(", ")}`],
  );
}

function memoryProblems(unit: string, memory: string | undefined): string[] {
  if (memory === undefined) return [];
  const bytes = bytesOf(memory);
  if (bytes === undefined)
    return [`limits: ${unit}: memory ${JSON.stringify(memory)} is not like "512MB" or "2GB"`];
  return bytes < leastBytes ? [`limits: ${unit}: memory ${memory} is less than 128MB`] : [];
}

function cpuProblems(unit: string, cpus: number | undefined): string[] {
  if (cpus === undefined || (cpus >= leastCpus && cpus <= mostCpus)) return [];
  return [`limits: ${unit}: cpus ${JSON.stringify(cpus)} is no number from ${leastCpus}`];
}
