import { KerfError } from "@kerf/kernel";

const units: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 };

/** When a key expires: `90d`, `12h`, a date that JavaScript reads; undefined for `never`. @throws KerfError `usage` */
export function readExpiry(given: string, now: Date): Date | undefined {
  if (given === "never") return undefined;
  const span = /^(\d{1,5})(h|d)$/.exec(given);
  const at =
    span === null
      ? /^\d{4}-\d\d-\d\d/.test(given)
        ? Date.parse(given)
        : Number.NaN
      : now.getTime() + Number(span[1]) * (units[span[2] as string] as number);
  if (at > now.getTime()) return new Date(at);
  throw new KerfError("usage", {
    message: `--expires ${given} is no time to come.`,
    fix: "Write 90d, 12h, 2030-12-31, or never.",
  });
}
