import { KerfError } from "@kerf/kernel";
import type { AppManifest, ManifestGateway, ManifestScale, ManifestService } from "@kerf/service";
import type { ExportOptions } from "./export-options.ts";

/** One program of an app: a unit or a gateway. */
export interface ExportedProgram {
  /** What it is called where it is deployed: `orders`, `gateway-web`. */
  readonly name: string;
  /** Who it is: a unit's name, or `gateway:NAME`. */
  readonly unit: string;
  /** Of a unit its services, of a gateway its backend. */
  readonly services: readonly ManifestService[];
  readonly gateway?: ManifestGateway | undefined;
  /** `REGISTRY/APP/NAME:TAG`, with `@DIGEST` where that is known. */
  readonly image: string;
  /** The units that it calls or whose events it reads, without itself, sorted. */
  readonly calls: readonly string[];
  /** The programs that do so with it, sorted. */
  readonly calledBy: readonly string[];
  readonly replicas: number;
  readonly scale?: ManifestScale | undefined;
  readonly memoryBytes?: number | undefined;
  readonly cpus?: number | undefined;
}

/** The programs of an app, units first, in the order of their names. Throws `invalid_configuration` for what runs on one machine only. */
export function exportedProgramsOf(
  manifest: AppManifest,
  options: ExportOptions,
): readonly ExportedProgram[] {
  const unitOf = new Map(
    Object.entries(manifest.units).flatMap(([unit, names]) => names.map((name) => [name, unit])),
  );
  const described = new Map(manifest.services.map((service) => [service.name, service]));
  const bare = [
    ...sorted(manifest.units)
      // One that runs elsewhere is found there.
      .filter(([unit]) => manifest.discovery?.[unit] === undefined)
      .map(([unit, names]) => {
        const services = names.map((name) => described.get(name) as ManifestService);
        const reached = services.flatMap(({ follows, uses }) => [
          ...uses.map(({ name }) => name),
          ...follows,
        ]);
        return { name: unit, unit, services, gateway: undefined, reached };
      }),
    ...manifest.gateways
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((gateway) => {
        const { backend, expose, name } = gateway;
        const reached = [...expose, ...(backend?.uses ?? [])].map((each) => each.name);
        const services = backend === undefined ? [] : [backend];
        return { name: `gateway-${name}`, unit: `gateway:${name}`, services, gateway, reached };
      }),
  ];
  const ordered = manifest.gateways.find(({ settings }) => settings.tls?.acme !== undefined);
  if (ordered !== undefined) {
    throw new KerfError("invalid_configuration", {
      message: `The gateway ${ordered.name} has its certificates ordered (tls.acme), which takes a platform.`,
      why: "An exported app runs without one.",
      fix: "Name files, tls: { certFile, keyFile }, and have cert-manager or your proxy renew them.",
    });
  }
  if (/^[^/]+\/\/[^/]*@/.test(options.broker ?? "")) {
    throw new KerfError("invalid_configuration", {
      message: "The URL of the broker has a user or a password in it.",
      why: "It would stand in boot documents, which many may read; an export has no secret for it.",
      fix: "Give it without, and let nobody but these programs reach the broker: by its network, as NetworkPolicies do.",
    });
  }
  const twice = bare.find(({ name }, index) => bare.findIndex((one) => one.name === name) < index);
  if (twice !== undefined) {
    throw new KerfError("invalid_configuration", {
      message: `A unit is called ${twice.name}, and so would be the program of ${twice.unit}.`,
      fix: "Give the unit another name.",
    });
  }
  const programs = bare.map(({ reached, ...program }) => {
    const own = program.services.map(({ name }) => name);
    const units = reached.filter((name) => !own.includes(name)).map((name) => unitOf.get(name));
    const calls = [...new Set(units)].filter((unit) => unit !== undefined && unit !== program.unit);
    return { ...program, calls: (calls as string[]).toSorted() };
  });
  return programs.map((program) => ({
    ...program,
    image: imageOf(manifest.app, program.name, options),
    calledBy: programs
      .filter(({ calls }) => calls.includes(program.unit))
      .map(({ name }) => name)
      .toSorted(),
    replicas: options.replicas,
    scale: manifest.scale?.[program.unit],
    memoryBytes: manifest.limits?.[program.unit]?.memoryBytes,
    cpus: manifest.limits?.[program.unit]?.cpus,
  }));
}

/** Names of the services of a program that have a database, sorted. */
export function databasesOf({ gateway, services }: ExportedProgram): string[] {
  if (gateway !== undefined) return [];
  return services
    .filter(({ database }) => database !== undefined)
    .map(({ name }) => name)
    .toSorted();
}

/** Files that the settings of a gateway name, as they are named there: certificates, keys of partners. */
export function filesOf({ gateway }: ExportedProgram): string[] {
  const found = new Set<string>();
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      if (typeof member === "string" && /^file$|File$/.test(name)) found.add(member);
      else look(member);
    }
  };
  look(gateway?.settings);
  return [...found].toSorted();
}

/** The image of a program under a tag: with its digest, where that is known. Throws `invalid_configuration`. */
export function imageOf(
  app: string,
  name: string,
  { digests, registry, tags }: ExportOptions,
  tag = tags?.[name],
): string {
  // What is not pinned changes behind one's back.
  if (tag !== undefined && tag !== "latest") {
    const image = `${registry}/${app}/${name}:${tag}`;
    const digest = digests?.[image];
    return digest === undefined ? image : `${image}@${digest}`;
  }
  throw new KerfError("invalid_configuration", {
    message: `The image of ${name} has ${tag === undefined ? "no tag" : 'the tag "latest"'}.`,
    fix: "Build the services, so that each has one: kerf build; or name one: --tag NAME=TAG.",
  });
}

function sorted<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
