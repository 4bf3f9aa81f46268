/** Notes in `problems` what is wrong with an optional number of a setting; `whole` asks for an integer. */
export function checkNumber(
  problems: string[],
  where: string,
  value: unknown,
  [least, most]: readonly [least: number, most: number],
  whole = true,
): void {
  if (value === undefined) return;
  const fits = whole ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (fits && (value as number) >= least && (value as number) <= most) return;
  problems.push(
    `${where}: ${JSON.stringify(value)} is not ${whole ? "a whole number" : "a number"} from ${least} to ${most}`,
  );
}
