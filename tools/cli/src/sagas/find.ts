import type { ShownSaga } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import type { Connection } from "../connection/connect.ts";
import { type DeclaredService, declaredServices, operate } from "../connection/operate.ts";

/** The services that declare sagas. */
export async function servicesWithSagas(
  connection: Connection,
): Promise<readonly DeclaredService[]> {
  return (await declaredServices(connection)).filter(({ sagas }) => (sagas ?? []).length > 0);
}

/** Finds a saga by its id alone, in whatever service it lives. Throws `not_found`. */
export async function findSaga(
  connection: Connection,
  id: string,
): Promise<{ readonly service: string; readonly saga: ShownSaga }> {
  const services = await servicesWithSagas(connection);
  const found = await Promise.all(
    services.map(async ({ name }) => ({
      service: name,
      saga: await operate<ShownSaga | null>(connection, name, "sagas.show", { id }),
    })),
  );
  for (const { service, saga } of found) if (saga !== null) return { service, saga };
  throw new KerfError("not_found", {
    message: `No service has a saga ${id}.`,
    fix: "`kerf saga ls` lists them; what ended more than 30 days ago is gone.",
  });
}
