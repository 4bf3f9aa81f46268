import type { AuditEntry, ReleaseStatus, RunState } from "@kerf/control-api";
import type { Facts } from "../changes/plan.ts";
import { type Measured, pictureOf } from "../map/model.ts";

/** A service as the table shows it. What is measured is measured of its unit. */
export interface ServiceRow {
  readonly name: string;
  readonly unit: string;
  readonly owner: string;
  readonly runbook?: string | undefined;
  readonly state: RunState;
  readonly problem?: string | undefined;
  /** Of the contract, as it is live. */
  readonly versions: readonly string[];
  readonly load?: Measured | undefined;
  /** The newest change of it or its unit. */
  readonly change?: AuditEntry | undefined;
  /** The release that is to run, and the one before. */
  readonly running?: number | undefined;
  readonly previous?: number | undefined;
}

/** The services, those that are not well first, then by name. `releases` and `audit`: the newest first. */
export function serviceRows(
  { manifest, status }: Facts,
  releases: readonly ReleaseStatus[],
  audit: readonly AuditEntry[],
): ServiceRow[] {
  const boxes = new Map(pictureOf(status, manifest).boxes.map((box) => [box.id, box]));
  const declared = new Map(manifest.services.map((service) => [service.name, service]));
  return status.services
    .map(({ name, owner, problem, unit, version }): ServiceRow => {
      const box = boxes.get(`unit:${unit}`);
      const own = releases.filter((release) => release.unit === unit);
      const running = own.find((release) => release.running)?.number;
      return {
        name,
        unit,
        owner,
        runbook: declared.get(name)?.runbook,
        state: box?.state ?? "stopped",
        problem: problem?.message ?? (box?.state === "ready" ? undefined : box?.problem),
        versions: [version],
        load: box?.load,
        change: audit.find((entry) => entry.service === name || entry.unit === unit),
        running,
        previous:
          running === undefined
            ? undefined
            : own.find(({ failed, number }) => number < running && failed === undefined)?.number,
      };
    })
    .toSorted((a, b) => ailing(b) - ailing(a) || a.name.localeCompare(b.name));
}

function ailing({ problem, state }: ServiceRow): number {
  return state === "ready" && problem === undefined ? 0 : 1;
}
