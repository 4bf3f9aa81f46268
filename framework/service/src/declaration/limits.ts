/** What the copies of a unit may use. */
export interface UnitLimits {
  /** Resident memory of one copy: `"512MB"`, `"2GB"`, of 1024 × 1024 bytes and more; at least 128 MB. Default: none. */
  readonly memory?: string | undefined;
}

const mebibyte = 1_048_576;
const units: Readonly<Record<string, number>> = { MB: mebibyte, GB: 1_024 * mebibyte };
/** A program without any code of an author's takes some 90 MB. */
const leastBytes = 128 * mebibyte;

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
  return Object.entries(limits).flatMap(([unit, { memory }]) => {
    if (!names.includes(unit))
      return [`limits: there is no unit ${JSON.stringify(unit)}; there can be ${names.join(", ")}`];
    if (memory === undefined) return [];
    const bytes = bytesOf(memory);
    if (bytes === undefined)
      return [`limits: ${unit}: memory ${JSON.stringify(memory)} is not like "512MB" or "2GB"`];
    return bytes < leastBytes ? [`limits: ${unit}: memory ${memory} is less than 128MB`] : [];
  });
}
