import type { Policies } from "@kerf/call";
import type { ContractDescription } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { nearest } from "../call/nearest.ts";
import type { Connection } from "./connect.ts";

/** What the manifest says of a service, as far as operators need it. */
export interface DeclaredService {
  readonly name: string;
  readonly contract: ContractDescription;
  readonly database?: unknown;
  readonly follows?: readonly string[];
  readonly sagas?: readonly string[];
  readonly reconciliations?: readonly string[];
  readonly schedules?: readonly { readonly name: string }[];
}

/** All services of the app. */
export async function declaredServices({
  client,
}: Connection): Promise<readonly DeclaredService[]> {
  const { services } = (await client.manifest({})) as unknown as {
    services: readonly DeclaredService[];
  };
  return services;
}

/** All services of the app, and images of others whose sidecars keep events. */
export async function servicesWithEvents(
  connection: Connection,
): Promise<readonly DeclaredService[]> {
  const [services, { images }] = await Promise.all([
    declaredServices(connection),
    connection.client.images({}),
  ]);
  const beside = images.flatMap(({ emits = {}, follows = [], name }) => {
    if (follows.length + Object.keys(emits).length === 0) return [];
    const events = Object.fromEntries(
      Object.entries(emits).map(([event, key]) => [event, { key, version: 1, schema: {} }]),
    );
    const contract = { name, version: "0.0.0", operations: {}, events };
    return [
      { name, contract, database: {}, follows: follows.map((one) => one.split(".")[0] ?? "") },
    ];
  });
  return [...services, ...beside];
}

/** What the app sets for calls. */
export async function declaredPolicies({ client }: Connection): Promise<Policies> {
  const { policies } = (await client.manifest({})) as unknown as { policies: Policies };
  return policies;
}

/** The services that are wanted: one by its name, or all that fit. Throws `not_found` for a name that there is not. */
export function wantedServices(
  services: readonly DeclaredService[],
  name: string | undefined,
  fits: (service: DeclaredService) => boolean,
): readonly DeclaredService[] {
  if (name === undefined) return services.filter(fits);
  const found = services.find((service) => service.name === name);
  if (found !== undefined) return [found];
  const names = services.map((service) => service.name);
  const near = nearest(name, names);
  throw new KerfError("not_found", {
    message: `There is no service ${JSON.stringify(name)}.`,
    fix: `Give one of: ${(near.length > 0 ? near : names).join(", ")}`,
  });
}

/** Asks a service for what it keeps, or to mend it; its errors come as they are. */
export async function operate<Output>(
  { client }: Connection,
  service: string,
  action: string,
  input: Readonly<Record<string, unknown>> = {},
): Promise<Output> {
  const { output } = await client.operate({
    service,
    action,
    input: input as Record<string, never>,
  });
  return output as Output;
}

/** Whether it emits events. */
export function emits({ contract }: DeclaredService): boolean {
  return Object.keys(contract.events).length > 0;
}

/** Whether it follows events of others. */
export function follows(service: DeclaredService): boolean {
  return (service.follows ?? []).length > 0;
}
