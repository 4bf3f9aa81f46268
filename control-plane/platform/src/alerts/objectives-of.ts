import type { Objective as Promised } from "@kerf/contract";
import type { AlertSettings, AppManifest, ManifestService } from "@kerf/service";
import type { Objective } from "./objective.ts";

/** What is promised of every operation that nobody said anything of: 43 min of a month may be lost, as most public objectives allow. */
export const defaultObjective: Promised = { available: 0.999 };

/** An objective with whose it is. */
export interface OwnedObjective extends Objective {
  readonly owner: string;
  readonly runbook?: string | undefined;
}

/** All objectives of an app, those of what composes answers at its gateways included. */
export function objectivesOf({
  alerts,
  gateways,
  services,
}: Pick<AppManifest, "alerts" | "gateways" | "services">): OwnedObjective[] {
  const backends = gateways.flatMap(({ backend }) => backend ?? []);
  return [...services, ...backends].flatMap((service) => objectivesOfService(service, alerts));
}

function objectivesOfService(
  { contract, name: service, owner, runbook }: ManifestService,
  { objectives }: AlertSettings = {},
): OwnedObjective[] {
  return Object.entries(contract.operations).flatMap(([operation, described]) => {
    // The closest word last, as with policies.
    const promised = [
      defaultObjective,
      objectives?.["*"],
      described.objective,
      objectives?.[service],
      objectives?.[`${service}.${operation}`],
    ].reduce<Promised>(
      (sum, said) => (said === false ? {} : said === undefined ? sum : { ...sum, ...said }),
      {},
    );
    const { available, within } = promised;
    const own = { service, operation, owner, ...(runbook === undefined ? undefined : { runbook }) };
    return [
      ...(available === undefined
        ? []
        : [{ ...own, kind: "answered" as const, target: available }]),
      ...(within === undefined || described.kind === "stream"
        ? []
        : [{ ...own, kind: "in-time" as const, target: within.share, withinMs: within.ms }]),
    ];
  });
}
