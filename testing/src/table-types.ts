import { fileURLToPath } from "node:url";
import type { TypesCheck } from "@kerf/data/types-generator";
import { KerfError } from "@kerf/kernel";
import type { AnyService } from "@kerf/service";

/**
 * Compares a service's file of table types with what its migrations make: `upToDate`, what the file should hold (`expected`) and
 * where it first differs. Throws `invalid_app` for a service without a database.
 *
 * @param importFrom the package that the file imports its types from
 */
export async function checkTableTypes(
  service: AnyService,
  file: URL | string,
  importFrom = "kerf",
): Promise<TypesCheck> {
  const [{ checkTypes }, { cloneDatabases }] = await Promise.all([
    import("@kerf/data/types-generator"),
    import("./postgres/test-databases.ts"),
  ]);
  const clone = (await cloneDatabases([service])).get(service.name);
  if (clone === undefined) {
    throw new KerfError("invalid_app", {
      message: `The service ${service.name} has no database, and so no table types.`,
      fix: "Leave it out.",
    });
  }
  try {
    const path = file instanceof URL ? fileURLToPath(file) : file;
    return await checkTypes(clone.owner, path, { importFrom });
  } finally {
    await clone.drop();
  }
}
