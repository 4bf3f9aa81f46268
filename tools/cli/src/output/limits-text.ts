import type { UnitStatus } from "@kerf/control-api";

/** What a copy may use, in words; empty without a limit. */
export function limitsText({
  cpus,
  cpusHeld,
  memoryBytes,
}: NonNullable<UnitStatus["limits"]>): string {
  return [
    memoryBytes === undefined ? "" : `${Math.round(memoryBytes / 1_048_576)} MB`,
    cpus === undefined ? "" : `${cpus} CPU${cpusHeld === false ? " (not held: no container)" : ""}`,
  ]
    .filter((part) => part !== "")
    .join(", ");
}
