import type { DiscoverySettings, PlacedGateway, PlacedService, PlacedUnit } from "@kerf/call";
import type { BootFile } from "@kerf/call/host";
import type { AppManifest } from "@kerf/service";
import { buildPlacement } from "../placement/snapshot-builder.ts";
import { withFoundImage } from "../runtimes/docker/foreign-image.ts";
import type { ExportOptions } from "./export-options.ts";
import type { ExportedProgram } from "./exported-programs.ts";
import { gatewayOf } from "./images/with-images.ts";

/** How programs reach each other. */
export interface Ways {
  /** Where the instances of a unit are. */
  find(unit: string): DiscoverySettings;
  /** They prove who they are to each other. */
  readonly isSecure: boolean;
}

/**
 * What one program has to know of the app: itself, whom it calls, and who may call it. No more, so that a change of others is none of it.
 */
export function placementFor(
  program: ExportedProgram,
  manifest: AppManifest,
  { environment, images }: Pick<ExportOptions, "environment" | "images">,
  ways: Ways,
): BootFile["placement"] {
  const whole = buildPlacement({
    manifest,
    environment,
    starting: false,
    units: manifest.units,
    instances: {},
    gatewayInstances: {},
    principalKeys: [],
    issuerKeys: [],
  });
  const own = new Set(program.services.map(({ name }) => name));
  const callers = (uses: readonly string[], follows: readonly string[] = []): boolean =>
    [...uses, ...follows].some((name) => own.has(name));
  const services: Record<string, PlacedService> = {};
  const units: Record<string, PlacedUnit> = {};
  for (const [name, service] of Object.entries(whole.services)) {
    const isReached = program.calls.includes(service.unit);
    if (!own.has(name) && !isReached && !callers(service.uses, service.follows)) continue;
    services[name] = withContracts(name, service, program, manifest, images);
    if (isReached)
      units[service.unit] = {
        instances: [],
        discovery: manifest.discovery?.[service.unit] ?? ways.find(service.unit),
      };
    else units[service.unit] ??= { instances: [] };
  }
  const gateways: Record<string, PlacedGateway> = {};
  for (const [name, gateway] of Object.entries(whole.gateways)) {
    if (program.gateway?.name === name)
      gateways[name] = {
        ...gateway,
        settings: withRoutes(name, gateway.settings, { manifest, images, ways }),
        instances: program.replicas,
      };
    else if (
      program.gateway === undefined &&
      (callers(gateway.uses) ||
        program.foreign?.gateway === name ||
        gateway.expose.some((contract) => own.has(contract.name)))
    )
      // Whom it may call is all that others need of it; what it answers its clients is not.
      gateways[name] = {
        expose: gateway.expose
          .filter((contract) => own.has(contract.name))
          .map(({ name: exposed, version }) => ({
            name: exposed,
            version,
            operations: {},
            events: {},
          })),
        ...(gateway.backend === undefined
          ? undefined
          : {
              backend: {
                name: gateway.backend.name,
                version: gateway.backend.version,
                operations: {},
                events: {},
              },
            }),
        uses: gateway.uses,
        ...(gateway.operations === undefined ? undefined : { operations: gateway.operations }),
      };
  }
  return { app: manifest.app, environment, services, units, gateways };
}

/** An image's sidecar has no code of the app: it reads and checks what its program calls by the contracts, as data. */
function withContracts(
  name: string,
  service: PlacedService,
  { foreign, unit }: ExportedProgram,
  { services }: AppManifest,
  images: ExportOptions["images"] = {},
): PlacedService {
  if (foreign === undefined || name !== unit) return service;
  const contracts = services
    .filter((each) => service.uses.includes(each.name) && !Object.hasOwn(images, each.name))
    .map(({ contract }) => contract);
  return { ...service, contracts };
}

/** The settings of a gateway with the way to images of others. */
function withRoutes(
  name: string,
  settings: PlacedGateway["settings"] = {},
  {
    images = {},
    manifest,
    ways,
  }: { manifest: AppManifest; images: ExportOptions["images"]; ways: Ways },
): PlacedGateway["settings"] {
  return Object.entries(images)
    .filter(([, image]) => gatewayOf(image, manifest) === name)
    .reduce(
      (before, [image, { domain }]) =>
        withFoundImage(before, { name: image, domain }, ways.find(image), ways.isSecure),
      settings,
    );
}
