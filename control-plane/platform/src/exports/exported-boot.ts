import type { DiscoverySettings, ImageBoot } from "@kerf/call";
import type { BootFile } from "@kerf/call/host";
import type { AppManifest } from "@kerf/service";
import {
  databasesOf,
  type ExportedProgram,
  filesOf,
  hasBroker,
  inRedisOf,
} from "./exported-programs.ts";
import type { ExportOptions } from "./export-options.ts";
import { placementFor } from "./exported-placement.ts";

/** Where programs of an export lie and listen. */
export interface BootLayout {
  /** Where the instances of a unit are found. */
  find(unit: string, from: ExportedProgram): DiscoverySettings;
  /** Where a unit listens for calls. */
  address(program: ExportedProgram): string;
  health(program: ExportedProgram): NonNullable<BootFile["health"]>;
  http(program: ExportedProgram): NonNullable<BootFile["http"]>;
  /** Folder of the build of a service; undefined to load it from `appModule`. */
  build(service: string): string | undefined;
  readonly appModule?: string | undefined;
  /** Where an image's program and its sidecar find each other; undefined where there are no images. */
  beside?(program: ExportedProgram): Pick<ImageBoot, "outbound" | "program">;
  /** Folder of the secrets. */
  readonly secrets: string;
  /** Folder of a program's certificate; undefined to talk in the clear. */
  certificate(program: ExportedProgram): string | undefined;
}

/** Names of secrets below the folder of secrets: files that somebody other than the export fills. */
export const secretNames = {
  database: (service: string): string => `database/${service}`,
  owner: (service: string): string => `database/${service}-owner`,
  admin: (server: string): string => `database/admin-${server}`,
  redis: (service: string): string => `redis/${service}`,
  setting: (service: string, name: string): string => `settings/${service}/${name}`,
  file: (name: string): string => `files/${name.replace(/^\.\//, "")}`,
  broker: "broker/url",
  principal: "keys/principal.json",
  issuer: "keys/issuer.json",
  principalSet: "keys/principal-set.json",
  issuerSet: "keys/issuer-set.json",
} as const;

/** Names of the files of a certificate, as cert-manager gives them. */
export const certificateFiles = {
  key: "tls.key",
  certificate: "tls.crt",
  authority: "ca.crt",
} as const;

/** The boot document of a program that no platform runs. Holds no secret. */
export function exportedBoot(
  program: ExportedProgram,
  manifest: AppManifest,
  options: ExportOptions,
  layout: BootLayout,
): BootFile {
  const { gateway, services } = program;
  const secret = (name: string): string => `${layout.secrets}/${name}`;
  const certificate = layout.certificate(program);
  const issues = services.some(({ issuer }) => issuer);
  const isUnit = gateway === undefined && program.foreign === undefined;
  const inRedis = inRedisOf(program);
  const settings = isUnit ? settingsOf(program, options, secret) : {};
  const telemetry = {
    ...manifest.telemetry,
    ...(options.otlp === undefined ? undefined : { otlp: { endpoint: options.otlp } }),
  };
  return {
    format: 1,
    ...common(program, manifest, options, layout),
    ...(gateway === undefined
      ? { address: layout.address(program), health: layout.health(program) }
      : { http: layout.http(program) }),
    databases: Object.fromEntries(
      databasesOf(program).map((name) => [
        name,
        {
          urlFile: secret(secretNames.database(name)),
          connections: services.find((one) => one.name === name)?.database?.connections ?? 4,
        },
      ]),
    ),
    ...(inRedis.length === 0
      ? undefined
      : {
          redis: Object.fromEntries(
            inRedis.map((name) => [name, { urlFile: secret(secretNames.redis(name)) }]),
          ),
        }),
    ...(Object.keys(settings).length === 0 ? undefined : { settings }),
    ...(hasBroker(program, options)
      ? {
          broker:
            options.brokerSecret === true
              ? { urlFile: secret(secretNames.broker) }
              : { url: options.broker ?? "" },
        }
      : undefined),
    keyFiles: {
      ...(gateway === undefined ? undefined : { principal: secret(secretNames.principal) }),
      ...(issues ? { issuer: secret(secretNames.issuer) } : undefined),
      principalSet: secret(secretNames.principalSet),
      ...(gateway === undefined ? undefined : { issuerSet: secret(secretNames.issuerSet) }),
    },
    ...(certificate === undefined
      ? undefined
      : {
          certificates: {
            key: `${certificate}/${certificateFiles.key}`,
            certificate: `${certificate}/${certificateFiles.certificate}`,
            authority: `${certificate}/${certificateFiles.authority}`,
          },
        }),
    ...(Object.keys(manifest.policies).length === 0 ? undefined : { policies: manifest.policies }),
    ...(Object.keys(telemetry).length === 0 ? undefined : { telemetry }),
    placement: placementFor(program, manifest, options, {
      find: (name) => layout.find(name, program),
      isSecure: certificate !== undefined,
    }),
  };
}

/** The document of the run before a release, in which the databases of a unit are brought to where its code needs them. `admin`: they are made as well. */
export function exportedMigration(
  program: ExportedProgram,
  manifest: AppManifest,
  options: ExportOptions,
  layout: BootLayout,
  { admin }: { readonly admin: boolean },
): BootFile {
  const secret = (name: string): string => `${layout.secrets}/${name}`;
  return {
    format: 1,
    ...common(program, manifest, options, layout),
    databases: {},
    migrate: Object.fromEntries(
      databasesOf(program).map((name) => {
        const server = program.services.find((one) => one.name === name)?.database?.server;
        return [
          name,
          {
            ownerUrlFile: secret(secretNames.owner(name)),
            appUrlFile: secret(secretNames.database(name)),
            ...(admin ? { adminUrlFile: secret(secretNames.admin(server ?? "main")) } : undefined),
          },
        ];
      }),
    ),
    keyFiles: {},
    placement: {
      app: manifest.app,
      environment: options.environment,
      services: {},
      units: {},
      gateways: {},
    },
  };
}

function common(
  program: ExportedProgram,
  manifest: AppManifest,
  { environment }: ExportOptions,
  layout: BootLayout,
): Pick<BootFile, "app" | "environment" | "unit" | "services" | "builds" | "appModule" | "image"> {
  // What an image has as a service is a place for its events, and nothing that is run.
  const names = program.foreign === undefined ? program.services.map(({ name }) => name) : [];
  const builds = names.flatMap((name): [string, string][] => {
    const build = layout.build(name);
    return build === undefined ? [] : [[name, build]];
  });
  // Files that a gateway's settings name are seen from the app's module.
  const appModule =
    layout.appModule ??
    (filesOf(program).length > 0 ? `${layout.secrets}/files/app.js` : undefined);
  return {
    app: manifest.app,
    environment,
    unit: program.unit,
    services: names,
    ...(builds.length === 0 ? undefined : { builds: Object.fromEntries(builds) }),
    ...(appModule === undefined ? undefined : { appModule }),
    ...imageBoot(program, layout),
  };
}

function imageBoot(program: ExportedProgram, layout: BootLayout): Pick<BootFile, "image"> {
  const { foreign } = program;
  if (foreign === undefined) return {};
  const place = layout.beside?.(program);
  if (place === undefined) throw new Error("this export has no images");
  const { allow, emits, follows } = foreign.settings;
  return {
    image: {
      ...place,
      allow,
      ...(follows === undefined ? undefined : { follows }),
      ...(emits === undefined ? undefined : { emits }),
    },
  };
}

function settingsOf(
  { services }: ExportedProgram,
  { config = {} }: ExportOptions,
  secret: (name: string) => string,
): NonNullable<BootFile["settings"]> {
  return Object.fromEntries(
    services
      .filter((service) => service.config !== undefined || service.secrets !== undefined)
      .map(({ name, secrets = [] }) => [
        name,
        {
          config: config[name] ?? {},
          secretFiles: Object.fromEntries(
            secrets.map((each) => [each.name, secret(secretNames.setting(name, each.name))]),
          ),
        },
      ]),
  );
}
