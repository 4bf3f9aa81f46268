import { KerfError } from "@kerf/kernel";
import { nearest } from "../call/nearest.ts";
import type { Connection } from "../connection/connect.ts";
import type { SagaDetail } from "./saga-answers.ts";

/** Names of the services that keep data, which is where sagas are; of one, when it is named. Throws `not_found`. */
export async function servicesWithData(
  { client }: Connection,
  name?: string,
): Promise<readonly string[]> {
  const { services } = (await client.manifest({})) as unknown as {
    services: readonly { readonly name: string; readonly database?: unknown }[];
  };
  const names = services
    .filter(({ database }) => database !== undefined)
    .map((service) => service.name);
  if (name === undefined) return names;
  if (names.includes(name)) return [name];
  const near = nearest(name, names);
  throw new KerfError("not_found", {
    message: `There is no service ${JSON.stringify(name)} that keeps sagas.`,
    fix: `Give one of: ${(near.length > 0 ? near : names).join(", ")}`,
  });
}

/** Lets a service do one thing for an operator. */
export async function operateOn<T>(
  { client }: Connection,
  service: string,
  action: string,
  input: Record<string, string | boolean>,
): Promise<T> {
  const { output } = await client.operate({ service, action, input });
  return output as T;
}

/**
 * Finds the service that has a saga, by the id alone. Throws `not_found` when none has it, and why a service did not answer when
 * none of those that answered has it.
 */
export async function findSaga(
  connection: Connection,
  id: string,
): Promise<{ readonly service: string; readonly saga: SagaDetail }> {
  const services = await servicesWithData(connection);
  const asked = await Promise.allSettled(
    services.map(async (service) => ({
      service,
      saga: await operateOn<SagaDetail>(connection, service, "sagas.show", { id }),
    })),
  );
  const found = asked.find((each) => each.status === "fulfilled");
  if (found !== undefined) return found.value;
  const silent = asked.find(
    (each) => each.status === "rejected" && (each.reason as KerfError).code !== "not_found",
  );
  if (silent?.status === "rejected") throw silent.reason;
  throw new KerfError("not_found", {
    message: `No service has a saga ${JSON.stringify(id)}.`,
    why: "Those at their end are kept for 30 days.",
    fix: "See which there are: kerf saga ls --all",
  });
}
