import type {
  PlacedGateway,
  PlacedInstance,
  PlacedService,
  PlacedUnit,
  PublicKey,
  Snapshot,
} from "@kerf/call";
import type { AppManifest, ManifestService, ManifestUse } from "@kerf/service";

/** What a snapshot is built from, beside epoch and generation. */
export interface PlacementFacts {
  readonly manifest: AppManifest;
  readonly environment: string;
  /** Not everything has been given the chance to start. */
  readonly starting: boolean;
  /** The services of each unit, without those that are held back. */
  readonly units: Readonly<Record<string, readonly string[]>>;
  /** The app as it was or will be, while copies of both run: what either of them calls is allowed to both. */
  readonly beside?: AppManifest | undefined;
  /** Where a change is about to take services: their new units may speak for them already. */
  readonly moving?: ReadonlyMap<string, string> | undefined;
  /** Of services that are called in both of their units, while the next one warms up. */
  readonly movingInstances?: Readonly<Record<string, readonly PlacedInstance[]>> | undefined;
  /** Whether calls are to wait for a first copy of a unit. */
  readonly isAsleep?: ((unit: string) => boolean) | undefined;
  /** The copies of each unit that routers may know of; a unit that has copies and no services is one that leaves. */
  readonly instances: Readonly<Record<string, readonly PlacedInstance[]>>;
  /** How many processes each gateway has. */
  readonly gatewayInstances: Readonly<Record<string, number>>;
  readonly principalKeys: readonly PublicKey[];
  readonly issuerKeys: readonly PublicKey[];
  /** Certificates of the authorities, where programs talk over TCP. */
  readonly authorities?: readonly string[] | undefined;
}

/** Who runs where, without its number. */
export type Placement = Omit<Snapshot, "epoch" | "generation">;

/** Those that belong to the environment, whatever runs in it. */
export type EnvironmentFacts = Pick<
  PlacementFacts,
  "environment" | "principalKeys" | "issuerKeys" | "authorities"
>;

/** Turns what is known into what is published. The same facts give the same JSON text. */
export function buildPlacement(facts: PlacementFacts): Placement {
  const { manifest } = facts;
  const described = new Map(manifest.services.map((service) => [service.name, service]));
  const services: Record<string, PlacedService> = {};
  const units: Record<string, PlacedUnit> = {};
  for (const [unit, names] of sorted(facts.units)) {
    const discovery = manifest.discovery?.[unit];
    units[unit] = {
      instances: facts.instances[unit] ?? [],
      ...(facts.isAsleep?.(unit) === true ? { asleep: true } : undefined),
      ...(discovery === undefined ? undefined : { discovery }),
    };
    for (const name of names) {
      const service = described.get(name);
      if (service === undefined) continue;
      const uses = usesOf(service, facts.beside);
      const instances = facts.movingInstances?.[name];
      services[name] = {
        unit,
        version: service.contract.version,
        uses: [
          ...new Set(uses.filter((use) => use.followed !== true).map((use) => use.name)),
        ].toSorted(),
        ...operationsOf(uses),
        follows: followsOf(service, facts.beside),
        recordsCommands: service.database !== undefined && service.program === undefined,
        ...(facts.moving?.has(name) === true ? { movesTo: facts.moving.get(name) } : undefined),
        ...(instances === undefined ? undefined : { instances }),
      };
    }
  }
  for (const [unit, instances] of sorted(facts.instances)) {
    if (!Object.hasOwn(units, unit) && instances.length > 0) units[unit] = { instances };
  }
  const gateways: Record<string, PlacedGateway> = {};
  // One that comes or goes is there as long as copies of it may run.
  const passing = (facts.beside?.gateways ?? []).filter(
    ({ name }) => !manifest.gateways.some((gateway) => gateway.name === name),
  );
  for (const gateway of [...manifest.gateways, ...passing]) {
    gateways[gateway.name] = {
      expose: gateway.expose,
      ...(gateway.backend === undefined ? undefined : { backend: gateway.backend.contract }),
      uses: (gateway.backend?.uses ?? []).map((use) => use.name).toSorted(),
      ...operationsOf(gateway.backend?.uses ?? []),
      settings: { ...gateway.settings },
      instances: Math.max(1, facts.gatewayInstances[gateway.name] ?? 1),
    };
  }
  return {
    app: manifest.app,
    environment: facts.environment,
    ...(facts.starting ? { starting: true } : undefined),
    services,
    units,
    gateways,
    principalKeys: facts.principalKeys,
    issuerKeys: facts.issuerKeys,
    ...(facts.authorities === undefined ? undefined : { authorities: facts.authorities }),
  };
}

/** What a service uses, and what the other version of it does while both run. */
function usesOf(service: ManifestService, beside: AppManifest | undefined): ManifestUse[] {
  const other = beside?.services.find(({ name }) => name === service.name);
  return [...service.uses, ...(other?.uses ?? [])];
}

function followsOf(service: ManifestService, beside: AppManifest | undefined): string[] {
  const other = beside?.services.find(({ name }) => name === service.name);
  return [...new Set([...service.follows, ...(other?.follows ?? [])])].toSorted();
}

/** The operations of what is used in part. Of what one version uses whole, the other may use all as well. */
function operationsOf(uses: readonly ManifestUse[]): Pick<PlacedService, "operations"> {
  const partly = new Map<string, Set<string>>();
  const whole = new Set<string>();
  for (const { followed, name, operations } of uses) {
    if (operations === undefined && followed !== true) whole.add(name);
    if (operations === undefined) continue;
    const known = partly.get(name) ?? new Set();
    for (const operation of operations) known.add(operation);
    partly.set(name, known);
  }
  for (const name of whole) partly.delete(name);
  if (partly.size === 0) return {};
  const sortedUses = sorted(Object.fromEntries(partly)).map(([name, all]) => [name, [...all]]);
  return { operations: Object.fromEntries(sortedUses) as Record<string, string[]> };
}

function sorted<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
