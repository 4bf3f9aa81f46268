/** Within which bounds the platform decides how many copies a unit has, and how much of what each is to carry. */
export interface UnitScale {
  /** Least copies, default 1; with 0 the unit sleeps while nobody calls it, where that is safe. */
  readonly min?: number | undefined;
  /** Most copies, up to 100. */
  readonly max: number;
  /** Calls in flight for each copy. */
  readonly inFlight?: number | undefined;
  /** Share of a core for each copy, such as `"70%"`; what counts when nothing else is named. */
  readonly cpu?: string | undefined;
  /** Events that wait, for each copy. */
  readonly lag?: number | undefined;
  /** With `min` 0: after how many seconds without anything to do the last copy goes. Default: 60. */
  readonly idleSeconds?: number | undefined;
}

/** The same as data. */
export interface ManifestScale {
  readonly min: number;
  readonly max: number;
  readonly target: {
    readonly inFlight?: number | undefined;
    /** 1 is a whole core. */
    readonly cpuShare?: number | undefined;
    readonly lag?: number | undefined;
  };
  readonly idleMs?: number | undefined;
}

/** Most copies of one unit. */
export const mostCopies = 100;

/** A share such as `"70%"`; undefined for what is none from 1 to 100 %. */
export function shareOf(text: string): number | undefined {
  const percent = Number(/^(\d{1,3})%$/.exec(text)?.[1]);
  return percent >= 1 && percent <= 100 ? percent / 100 : undefined;
}

/** What is wrong with how an app scales; `names`: what its units may be called. */
export function scaleProblems(
  scale: Readonly<Record<string, UnitScale>>,
  names: readonly string[],
): string[] {
  return Object.entries(scale).flatMap(
    ([unit, { cpu, idleSeconds, inFlight, lag, max, min = 1 }]) => {
      if (!names.includes(unit))
        return [
          `scale: there is no unit ${JSON.stringify(unit)}; there can be ${names.join(", ")}`,
        ];
      const problems: string[] = [];
      const isCount = (value: number): boolean => Number.isInteger(value) && value >= 0;
      if (!isCount(min) || !isCount(max) || max < 1 || min > max || max > mostCopies)
        problems.push(
          `scale: ${unit}: from ${min} to ${max} copies is not within 0 to ${mostCopies}`,
        );
      for (const [name, value] of Object.entries({ inFlight, lag, idleSeconds }))
        if (value !== undefined && !(value > 0))
          problems.push(`scale: ${unit}: ${name} ${value} is not more than 0`);
      if (cpu !== undefined && shareOf(cpu) === undefined)
        problems.push(`scale: ${unit}: cpu ${JSON.stringify(cpu)} is not like "70%"`);
      return problems;
    },
  );
}

/** How an app scales, as data. */
export function manifestScale(
  scale: Readonly<Record<string, UnitScale>>,
): Record<string, ManifestScale> {
  return Object.fromEntries(
    Object.entries(scale).map(([unit, { cpu, idleSeconds, inFlight, lag, max, min = 1 }]) => {
      const cpuShare = cpu === undefined ? undefined : shareOf(cpu);
      const target = {
        ...(inFlight === undefined ? undefined : { inFlight }),
        ...(cpuShare === undefined ? undefined : { cpuShare }),
        ...(lag === undefined ? undefined : { lag }),
      };
      const idle = idleSeconds === undefined ? undefined : { idleMs: idleSeconds * 1_000 };
      return [unit, { min, max, target, ...idle }];
    }),
  );
}
