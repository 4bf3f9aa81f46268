import { KerfError } from "@kerf/kernel";
import type { AppManifest, ManifestGateway, ManifestScale, ManifestService } from "@kerf/service";
import type { ExportOptions } from "./export-options.ts";
import type { ExportedImage } from "./images/exported-image.ts";
import { gatewayOf } from "./images/with-images.ts";

/** One program of an app: a unit or a gateway. */
export interface ExportedProgram {
  /** What it is called where it is deployed: `orders`, `gateway-web`. */
  readonly name: string;
  /** Who it is: a unit's name, or `gateway:NAME`. */
  readonly unit: string;
  /** Of a unit its services, of a gateway its backend. */
  readonly services: readonly ManifestService[];
  readonly gateway?: ManifestGateway | undefined;
  /** `REGISTRY/APP/NAME:TAG`, with `@DIGEST` where that is known; of an image of somebody else, that. */
  readonly image: string;
  /** Of an image of somebody else, which has a sidecar beside it. */
  readonly foreign?: ForeignProgram | undefined;
  /** The units that it calls or whose events it reads, without itself, sorted. */
  readonly calls: readonly string[];
  /** The programs that do so with it, sorted. */
  readonly calledBy: readonly string[];
  readonly replicas: number;
  readonly scale?: ManifestScale | undefined;
  readonly memoryBytes?: number | undefined;
  readonly cpus?: number | undefined;
}

/** What is known of an image of somebody else. */
export interface ForeignProgram {
  readonly settings: ExportedImage;
  /** An image with Kerf's programs, of which the sidecar is one: that of its gateway, which is released with the app. */
  readonly sidecar: string;
  /** The gateway that sends it requests. */
  readonly gateway: string;
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
        const images = Object.entries(options.images ?? {})
          .filter(([, image]) => gatewayOf(image, manifest) === name)
          .map(([image]) => image);
        const declared = [...expose, ...(backend?.uses ?? [])].map((each) => each.name);
        const reached = [...declared, ...images];
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
      why: "It would stand in boot documents, which many may read.",
      fix: "Write it into a file that only you can read, and give the file: --broker FILE. Programs get it as a secret.",
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
    ...imagesOf(program.unit, program.name, manifest, options),
    calledBy: programs
      .filter(({ calls }) => calls.includes(program.unit))
      .map(({ name }) => name)
      .toSorted(),
    replicas: options.images?.[program.unit]?.replicas ?? options.replicas,
    scale: manifest.scale?.[program.unit],
    memoryBytes: manifest.limits?.[program.unit]?.memoryBytes,
    cpus: manifest.limits?.[program.unit]?.cpus,
  }));
}

function imagesOf(
  unit: string,
  name: string,
  manifest: AppManifest,
  options: ExportOptions,
): Pick<ExportedProgram, "foreign" | "image"> {
  const settings = options.images?.[unit];
  if (settings === undefined) return { image: imageOf(manifest.app, name, options) };
  const gateway = gatewayOf(settings, manifest) ?? "";
  const sidecar = imageOf(manifest.app, `gateway-${gateway}`, options);
  return {
    image: pinned(settings.image, options),
    foreign: { settings, sidecar, gateway },
  };
}

/** Names of the services of a program that have a database, sorted. */
export function databasesOf({ gateway, services }: ExportedProgram): string[] {
  if (gateway !== undefined) return [];
  return services
    .filter(({ database }) => database !== undefined)
    .map(({ name }) => name)
    .toSorted();
}

/** Names of the services of a program that keep something in Redis, sorted. */
export function inRedisOf({ gateway, services }: ExportedProgram): string[] {
  if (gateway !== undefined) return [];
  return services
    .filter(({ redis }) => redis === true)
    .map(({ name }) => name)
    .toSorted();
}

/** Whether a program publishes or follows events: what has no database has neither a log nor a place in those of others. */
export function hasBroker(
  program: ExportedProgram,
  { broker }: Pick<ExportOptions, "broker">,
): boolean {
  return broker !== undefined && databasesOf(program).length > 0;
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
    return pinned(`${registry}/${app}/${name}:${tag}`, { digests });
  }
  throw new KerfError("invalid_configuration", {
    message: `The image of ${name} has ${tag === undefined ? "no tag" : 'the tag "latest"'}.`,
    fix: "Build the services, so that each has one: kerf build; or name one: --tag NAME=TAG.",
  });
}

function pinned(image: string, { digests }: Pick<ExportOptions, "digests">): string {
  const digest = digests?.[image];
  return digest === undefined || image.includes("@") ? image : `${image}@${digest}`;
}

function sorted<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
