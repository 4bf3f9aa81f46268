import { KerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import { type Deployment, external } from "../placement/deployment.ts";
import { gatewayMembers, gatewayUnit, isGateway } from "../placement/gateway-copies.ts";
import type { KeptUnit } from "../placement/kept.ts";
import { unknownUnit } from "../placement/unknown-unit.ts";
import type { Release } from "../releases/release.ts";
import type { SettingsVersions } from "../settings/versions.ts";
import type { Plan } from "./change.ts";

/** Takes a service out of its unit, into one of its own. Throws `not_found`, or `invalid_input` saying why it cannot be. */
export function planCut(deployment: Deployment, service: string, from: string | undefined): Plan {
  const unit = unitOf(deployment, service);
  const members = membersOf(deployment, unit);
  if (from !== undefined && from !== unit) {
    throw new KerfError("invalid_input", {
      message: `${service} is not in the unit ${from}: it is in ${unit}.`,
      fix: `kerf cut ${service} --from ${unit}`,
    });
  }
  if (members.length === 1) {
    throw new KerfError("invalid_input", {
      message: `${service} is alone in its unit ${unit} already.`,
      fix: "There is nothing to cut: kerf status shows who is where.",
    });
  }
  if (Object.hasOwn(deployment.units, service)) {
    throw new KerfError("invalid_input", {
      message: `${service} cannot be cut: another unit has that name, and the new one would have it.`,
      fix: `Rename the unit ${service} in app({ units }).`,
    });
  }
  return {
    kind: "cut",
    title: `${service} out of ${unit}`,
    units: {
      [unit]: asIs(deployment, unit, without(members, service)),
      [service]: asIs(deployment, unit, [service]),
    },
    moves: [service],
  };
}

/** Takes a service into another unit. Throws `not_found`, or `invalid_input` saying why it cannot be. */
export function planJoin(deployment: Deployment, service: string, into: string): Plan {
  const unit = unitOf(deployment, service);
  const members = membersOf(deployment, unit);
  const hosts = membersOf(deployment, into);
  if (unit === into) {
    throw new KerfError("invalid_input", {
      message: `${service} is in the unit ${into} already.`,
      fix: "There is nothing to join: kerf status shows who is where.",
    });
  }
  const foreign = external(deployment.manifest);
  const alone = [service, ...hosts].find((name) => foreign.has(name));
  if (alone !== undefined) {
    throw new KerfError("invalid_input", {
      message: `${service} cannot join ${into}: ${alone} is a program of its own.`,
      why: "A program in another language has its sidecar to itself.",
      fix: "Join services that are TypeScript of the app.",
    });
  }
  const rest = without(members, service);
  return {
    kind: "join",
    title: `${service} into ${into}`,
    units: {
      [unit]: rest.length === 0 ? undefined : asIs(deployment, unit, rest),
      [into]: asIs(deployment, into, [...hosts, service]),
    },
    moves: [service],
  };
}

/** Gives a service other versions of its settings; `names` of what is changed, for people. Throws `not_found`. */
export function planConfigure(
  deployment: Deployment,
  service: string,
  versions: SettingsVersions,
  names: readonly string[],
): Plan {
  const unit = unitOf(deployment, service);
  return {
    kind: "configure",
    title: `${service} (${names.join(", ")})`,
    units: { [unit]: asIs(deployment, unit, membersOf(deployment, unit)) },
    moves: [],
    settings: { [service]: versions },
  };
}

/** What is asked for of a deploy. */
export interface DeployRequest {
  /** Digests by the names of services and backends. */
  readonly builds: Readonly<Record<string, string>>;
  /** Those of them that compose answers for gateways. */
  readonly backends: ReadonlySet<string>;
  /** A gateway that is to expose them. */
  readonly expose: string | undefined;
  /** The versions of a service's settings that come into force with its new code. */
  readonly settings: (service: string) => SettingsVersions;
  /** The app as it is to be, when it is deployed too. */
  readonly app?: AppManifest | undefined;
}

/** Gives services other builds. Throws `not_found` for one that is new and has no unit to go to. */
export function planDeploy(
  deployment: Deployment,
  { app, backends, builds, expose, settings }: DeployRequest,
): Plan {
  const manifest = app ?? deployment.manifest;
  assertReleased(deployment);
  const units: Record<string, KeptUnit> = {};
  for (const name of Object.keys(builds)) {
    const gateway = manifest.gateways.find(({ backend }) => backend?.name === name);
    const unit = Object.entries(deployment.units).find(([, all]) => all.includes(name))?.[0];
    if (gateway !== undefined)
      units[gatewayUnit(gateway)] = asIs(deployment, gatewayUnit(gateway), [name]);
    else if (unit !== undefined)
      units[unit] ??= asIs(deployment, unit, deployment.units[unit] as string[]);
    else if (backends.has(name)) {
      throw new KerfError("not_found", {
        message: `${name} composes answers for a gateway, and the app that runs has no such gateway.`,
        fix: "Deploy the app: kerf deploy --all",
      });
    } else if (declaredUnit(deployment, app, name) !== undefined) {
      const declared = declaredUnit(deployment, app, name) as string;
      const now = units[declared]?.services ?? deployment.units[declared] ?? [];
      units[declared] = asIs(deployment, declared, [...now, name]);
    } else if (Object.hasOwn(deployment.units, name)) {
      throw new KerfError("invalid_input", {
        message: `${name} is new and would get a unit of that name, and there is one with other services.`,
        fix: `Rename the unit ${name} in app({ units }).`,
      });
    } else units[name] = { services: [name] };
  }
  const names = Object.keys(builds);
  if (expose !== undefined && !manifest.gateways.some(({ name }) => name === expose)) {
    throw new KerfError("not_found", {
      message: `There is no gateway ${JSON.stringify(expose)}.`,
      fix: `Give one of: ${manifest.gateways.map(({ name }) => name).join(", ")}`,
    });
  }
  const exposed = manifest.gateways.find(({ name }) => name === expose)?.expose ?? [];
  const added = names.filter((name) => !exposed.some((contract) => contract.name === name));
  return {
    kind: "deploy",
    title: names.join(", "),
    units,
    moves: [],
    builds,
    settings: Object.fromEntries(
      names.filter((name) => !backends.has(name)).map((name) => [name, settings(name)]),
    ),
    ...(expose === undefined || added.length === 0 ? undefined : { expose: { [expose]: added } }),
  };
}

/** Gives a unit the builds and the settings of an earlier release. Throws `invalid_input` when that had other services. */
export function planRollback(
  deployment: Deployment,
  unit: string,
  release: Pick<Release, "number" | "builds" | "settings">,
): Plan {
  assertReleased(deployment);
  const services = isGateway(unit) ? Object.keys(release.builds) : membersOf(deployment, unit);
  const others = Object.keys(release.builds).filter((name) => !services.includes(name));
  const lacking = services.filter((name) => !Object.hasOwn(release.builds, name));
  if (others.length > 0 || lacking.length > 0) {
    throw new KerfError("invalid_input", {
      message: `${unit}@${release.number} has other services than ${unit} has now.`,
      why: [
        ...others.map((name) => `${name} has left it since`),
        ...lacking.map((name) => `${name} has come to it since`),
      ].join("; "),
      fix: "Roll back the units that the services are in now: kerf releases",
    });
  }
  const now = deployment.released?.releases[unit];
  if (now === release.number) {
    throw new KerfError("invalid_input", {
      message: `${unit} runs its release ${release.number} already.`,
      fix: `Give another one: kerf releases ${unit}`,
    });
  }
  return {
    kind: "rollback",
    title: `${unit} to release ${release.number}`,
    units: { [unit]: { ...asIs(deployment, unit, services), release: release.number } },
    moves: [],
    builds: release.builds,
    // A release of a platform that did not keep them leaves them as they are.
    settings:
      release.settings &&
      Object.fromEntries(
        services.map((name) => [name, release.settings?.[name] ?? { config: 0, secrets: 0 }]),
      ),
  };
}

/** The unit that an app puts a new service into, when there is one; a service that joins none gets one of its own. */
function declaredUnit(
  { units: running }: Deployment,
  { units = {} }: Partial<AppManifest> = {},
  service: string,
): string | undefined {
  return Object.keys(units).find(
    (unit) => Object.hasOwn(running, unit) && units[unit]?.includes(service),
  );
}

/** Throws `invalid_input` where what runs is the app's source. */
export function assertReleased({ released }: Deployment): void {
  if (released !== undefined) return;
  throw new KerfError("invalid_input", {
    message: "This platform runs the app from its source: there is nothing to deploy.",
    why: "What serves is the code as it stands; a file that is saved starts its service again.",
    fix: "Run releases with kerf up instead of kerf dev.",
  });
}

/** A unit with other services, and everything else as it is. */
export function asIs(
  { auto, copies }: Deployment,
  unit: string,
  services: readonly string[],
): KeptUnit {
  return {
    services,
    ...(copies[unit] === undefined ? undefined : { copies: copies[unit] }),
    ...(auto?.[unit] === undefined ? undefined : { auto: auto[unit] }),
  };
}

function without(services: readonly string[], service: string): string[] {
  return services.filter((name) => name !== service);
}

function unitOf({ units, manifest }: Deployment, service: string): string {
  const found = Object.entries(units).find(([, services]) => services.includes(service))?.[0];
  if (found !== undefined) return found;
  throw new KerfError("not_found", {
    message: `There is no service ${JSON.stringify(service)}.`,
    fix: `Give one of: ${manifest.services.map(({ name }) => name).join(", ")}`,
  });
}

/** The services of a unit or gateway that runs here. */
export function programMembers(deployment: Deployment, unit: string): readonly string[] {
  if (!isGateway(unit)) return membersOf(deployment, unit);
  const { manifest } = deployment;
  const members = gatewayMembers(manifest, unit);
  if (members !== undefined) return members;
  throw new KerfError("not_found", {
    message: `There is no gateway ${JSON.stringify(unit.slice("gateway:".length))}.`,
    fix: `Give one of: ${manifest.gateways.map(gatewayUnit).join(", ")}`,
  });
}

/** The services of a unit that runs here. */
export function membersOf({ units, manifest }: Deployment, unit: string): readonly string[] {
  const members = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (members === undefined) throw unknownUnit({ units }, unit);
  if (manifest.discovery !== undefined && Object.hasOwn(manifest.discovery, unit)) {
    throw new KerfError("invalid_input", {
      message: `The unit ${unit} runs elsewhere: the app says where it is found.`,
      fix: "Change it where it runs.",
    });
  }
  return members;
}
