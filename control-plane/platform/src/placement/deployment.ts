import { join } from "node:path";
import { KerfError } from "@kerf/kernel";
import { type AppManifest, cutUnits, type UnitServices } from "@kerf/service";
import type { InForce, SettingsVersions } from "../settings/versions.ts";
import type { Program } from "../supervisor/program.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import { gatewayMembers, gatewayUnit, isGateway, mostGatewayCopies } from "./gateway-copies.ts";
import { type AutoScale, type KeptPlacement, placeAsKept } from "./kept.ts";

/** What is to run: an app as it was read, and where its services are placed. */
export interface Deployment {
  readonly manifest: AppManifest;
  /** The services of each unit. */
  readonly units: Readonly<UnitServices>;
  /** Copies of each unit and gateway; of units that are not named as many as `replicas`, of gateways one. */
  readonly copies: Readonly<Record<string, number>>;
  readonly replicas: number;
  /** What operators said of the scaling of units; of those that are not named the app's word counts. */
  readonly auto?: Readonly<Record<string, AutoScale>> | undefined;
  /** Where the platform runs releases: what each unit and gateway runs. */
  readonly released?: Released | undefined;
}

/** What runs where the platform runs releases. */
export interface Released {
  /** Folder of all builds. */
  readonly directory: string;
  /** The digest of the build of each service and backend. */
  readonly builds: Readonly<Record<string, string>>;
  /** The release of each unit and gateway. */
  readonly releases: Readonly<Record<string, number>>;
  /** The versions of the settings of each service that has any. */
  readonly settings: Readonly<Record<string, InForce>>;
}

/** Places the services of an app: as a change left them, otherwise as `--cut` says, otherwise as the app itself does. */
export function deploy(
  manifest: AppManifest,
  {
    cut,
    replicas,
    network,
  }: {
    readonly cut: string | undefined;
    readonly replicas: number;
    readonly network: "unix" | "tcp";
  },
  kept?: KeptPlacement,
): Deployment {
  const { auto, copies, units } =
    placeAsKept(manifest, kept) ??
    (cut === undefined ? asDeclared(manifest) : asCut(manifest, cut));
  assertFindable(manifest, units, network);
  return { manifest, units, copies, replicas, auto };
}

type PlacedUnits = Pick<Deployment, "units" | "copies" | "auto">;

function asDeclared({ units }: AppManifest): PlacedUnits {
  const declared = Object.entries(units).map(([unit, services]) => [unit, [...services]]);
  return { units: Object.fromEntries(declared) as UnitServices, copies: {} };
}

function asCut(manifest: AppManifest, cut: string): PlacedUnits {
  const services = manifest.services.map(({ name }) => name);
  return { units: cutUnits(cut, services, [...external(manifest)]), copies: {} };
}

/** @throws KerfError for a unit that is found elsewhere, but is not there with this placement, or cannot be told from a stranger */
function assertFindable(
  { discovery = {} }: AppManifest,
  units: UnitServices,
  network: "unix" | "tcp",
): void {
  const found = Object.keys(discovery);
  if (found.length === 0) return;
  const lacking = found.filter((unit) => !Object.hasOwn(units, unit));
  if (lacking.length > 0) {
    throw new KerfError("invalid_configuration", {
      message: `The app says where ${lacking.join(", ")} is found, and --cut makes no such unit.`,
      fix: "Leave --cut out, or name the unit in it.",
    });
  }
  if (network === "tcp") return;
  throw new KerfError("invalid_configuration", {
    message: `The app finds ${found.join(", ")} elsewhere, and this platform gives its programs no certificates.`,
    why: "Calls to other machines go over TCP, where only certificates say who answers and who asks.",
    fix: "Start it with --network tcp.",
  });
}

/** The services whose implementation is a program in any language. */
export function external(manifest: AppManifest): Set<string> {
  return new Set(
    manifest.services.filter(({ program }) => program !== undefined).map(({ name }) => name),
  );
}

/** The units that run here, with their services; those that are found elsewhere are others' to run. */
export function ownUnits({ manifest, units }: Deployment): Readonly<UnitServices> {
  const { discovery = {} } = manifest;
  return Object.fromEntries(
    Object.entries(units).filter(([unit]) => !Object.hasOwn(discovery, unit)),
  );
}

/** The units and gateways that run here. */
export function ownPrograms(deployment: Deployment): string[] {
  return [...Object.keys(ownUnits(deployment)), ...deployment.manifest.gateways.map(gatewayUnit)];
}

/** How many copies of a unit or gateway there are to be. */
export function copiesOf({ copies, replicas }: Deployment, unit: string): number {
  if (!isGateway(unit)) return copies[unit] ?? replicas;
  return Math.min(copies[unit] ?? 1, mostGatewayCopies);
}

/** The programs of a deployment; `ports` says where each gateway listens. */
export function programsOf(
  deployment: Deployment,
  host: string,
  ports: ReadonlyMap<string, number>,
): Program[] {
  const foreign = external(deployment.manifest);
  const { released } = deployment;
  const run = (unit: string, services: readonly string[]): Partial<Program> =>
    released === undefined ? {} : runBuilds(released, unit, services);
  const units = Object.entries(ownUnits(deployment)).map(([unit, services]): Program => ({
    unit,
    kind: "host",
    ...(services.some((service) => foreign.has(service)) ? { sidecar: true } : undefined),
    services,
    copies: copiesOf(deployment, unit),
    ...run(unit, services),
  }));
  const gateways = deployment.manifest.gateways.map((gateway): Program => {
    const unit = gatewayUnit(gateway);
    const services = gatewayMembers(deployment.manifest, unit) ?? [];
    return {
      unit,
      kind: "gateway",
      services,
      copies: copiesOf(deployment, unit),
      http: { host, port: ports.get(gateway.name) ?? 0 },
      ...run(unit, services),
    };
  });
  return [...units, ...gateways];
}

function runBuilds(
  { builds, directory, releases, settings }: Released,
  unit: string,
  services: readonly string[],
): Pick<Program, "release" | "builds" | "settings"> {
  const paths = services.flatMap((name): [string, string][] => {
    const digest = builds[name];
    return digest === undefined ? [] : [[name, join(directory, digest)]];
  });
  return {
    release: releases[unit],
    builds: Object.fromEntries(paths),
    settings: settingsOf(settings, services),
  };
}

/** The versions of the settings of some services, of those that have any. */
export function settingsOf(
  settings: Released["settings"],
  services: readonly string[],
): Record<string, SettingsVersions> {
  return Object.fromEntries(
    services.flatMap((name) => {
      const { config = 0, secrets = 0 } = settings[name] ?? {};
      return config + secrets === 0 ? [] : [[name, { config, secrets }]];
    }),
  );
}

/** How many processes each gateway has, those that start or stop included: all of them admit requests. */
export function gatewayInstances(
  deployment: Deployment,
  supervisor: Supervisor,
): Record<string, number> {
  return Object.fromEntries(
    deployment.manifest.gateways.map(({ name }) => [
      name,
      supervisor.slotsOf(`gateway:${name}`).flatMap((slot) => slot.instances).length,
    ]),
  );
}

/** The services of each unit, without those that no copy of the unit runs because they are held back. */
export function servedUnits(
  deployment: Deployment,
  supervisor: Supervisor,
): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(deployment.units).map(([unit, services]) => {
      const copies = supervisor.slotsOf(unit).flatMap((slot) => slot.routable);
      const served = services.filter(
        (service) =>
          copies.length === 0 || copies.some(({ record }) => !record.heldBack.includes(service)),
      );
      return [unit, served];
    }),
  );
}
