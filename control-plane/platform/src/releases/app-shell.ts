import type { ContractDescription } from "@kerf/contract";
import type { AppManifest, ManifestGateway } from "@kerf/service";

/** What an app is beside the code of its services, as it was deployed last: `state/app.json`. */
export interface AppShell {
  /** Of the file's own shape. */
  readonly version: 1;
  /** As it was described; of its services only the order of their names is used. */
  readonly manifest: AppManifest;
}

/** What takes the place of an app's own services: those that run now, by name. */
export type RunningServices = ReadonlyMap<string, AppManifest["services"][number]>;

/**
 * The app with the services that run. A gateway that exposes all of a contract exposes what the service offers now; one that exposes some of it,
 * as much. `more`: services that gateways expose beside those that the app names.
 */
export function composeManifest(
  { manifest }: AppShell,
  running: RunningServices,
  more: Readonly<Record<string, readonly string[]>> = {},
): AppManifest {
  const order = manifest.services.map(({ name }) => name);
  const named = order.flatMap((name) => running.get(name) ?? []);
  const backends = new Set(manifest.gateways.map(({ backend }) => backend?.name));
  const added = [...running.values()].filter(
    ({ name }) => !order.includes(name) && !backends.has(name),
  );
  const gateways = manifest.gateways.map((gateway): ManifestGateway => {
    const { backend } = gateway;
    const expose = gateway.expose.map((described) => {
      const whole = manifest.services.find(({ name }) => name === described.name)?.contract;
      return exposed(described, whole, running.get(described.name)?.contract);
    });
    const others = (more[gateway.name] ?? []).flatMap((name) => running.get(name)?.contract ?? []);
    return {
      ...gateway,
      expose: [...expose, ...others],
      ...(backend === undefined ? undefined : { backend: running.get(backend.name) ?? backend }),
    };
  });
  return { ...manifest, services: [...named, ...added], gateways, files: [] };
}

function exposed(
  described: ContractDescription,
  whole: ContractDescription | undefined,
  now: ContractDescription | undefined,
): ContractDescription {
  if (now === undefined) return described;
  const names = Object.keys(described.operations);
  if (whole === undefined || names.length === Object.keys(whole.operations).length) return now;
  const operations = Object.entries(now.operations).filter(([name]) => names.includes(name));
  return { ...now, operations: Object.fromEntries(operations) };
}
