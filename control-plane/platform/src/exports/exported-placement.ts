import type { DiscoverySettings, PlacedGateway, PlacedService, PlacedUnit } from "@kerf/call";
import type { BootFile } from "@kerf/call/host";
import type { AppManifest } from "@kerf/service";
import { buildPlacement } from "../placement/snapshot-builder.ts";
import type { ExportedProgram } from "./exported-programs.ts";

/**
 * What one program has to know of the app: itself, whom it calls, and who may call it. No more, so that a change of others is none of it.
 * `find` says where the instances of a unit are.
 */
export function placementFor(
  program: ExportedProgram,
  manifest: AppManifest,
  environment: string,
  find: (unit: string) => DiscoverySettings,
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
    services[name] = service;
    if (isReached)
      units[service.unit] = {
        instances: [],
        discovery: manifest.discovery?.[service.unit] ?? find(service.unit),
      };
    else units[service.unit] ??= { instances: [] };
  }
  const gateways: Record<string, PlacedGateway> = {};
  for (const [name, gateway] of Object.entries(whole.gateways)) {
    if (program.gateway?.name === name)
      gateways[name] = { ...gateway, instances: program.replicas };
    else if (
      program.gateway === undefined &&
      (callers(gateway.uses) || gateway.expose.some((contract) => own.has(contract.name)))
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
