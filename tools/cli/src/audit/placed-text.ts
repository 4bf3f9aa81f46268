import type { AuditEntry, ChangeReport } from "@kerf/control-api";

type Placed = NonNullable<ChangeReport["units"][string]["after"]>;
type Units = Readonly<Record<string, Placed>>;

/** The units of a change before and after it, in words: `main@2 → main@3`; undefined for what is no change of units. */
export function placedText({
  after,
  before,
}: Pick<AuditEntry, "after" | "before">): string | undefined {
  if (!isUnits(before) || !isUnits(after)) return undefined;
  const units = new Set([...Object.keys(before), ...Object.keys(after)]);
  const parts = [...units].flatMap((unit) => {
    const [was, is] = [before[unit], after[unit]];
    if (is === undefined) return [`without ${unit}`];
    if (was === undefined) return [`new ${named(unit, is)} with ${is.services.join(", ")}`];
    return differences(unit, was, is);
  });
  return parts.length === 0 ? "nothing is placed otherwise" : parts.join(", ");
}

function differences(unit: string, was: Placed, is: Placed): string[] {
  const gone = was.services.filter((name) => !is.services.includes(name));
  const come = is.services.filter((name) => !was.services.includes(name));
  const parts = [
    ...(was.release === is.release ? [] : [`${named(unit, was)} → ${named(unit, is)}`]),
    ...(was.copies === is.copies ? [] : [`${unit} ${was.copies} → ${is.copies} copies`]),
    ...(gone.length === 0 ? [] : [`${unit} without ${gone.join(", ")}`]),
    ...(come.length === 0 ? [] : [`${unit} with ${come.join(", ")}`]),
  ];
  return parts;
}

function named(unit: string, { release }: Placed): string {
  return release === undefined ? unit : `${unit}@${release}`;
}

/** Whether it is units by their names; of other changes something else stands there. */
function isUnits(value: unknown): value is Units {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every(
      (each: unknown) =>
        typeof each === "object" && each !== null && "services" in each && "copies" in each,
    )
  );
}
