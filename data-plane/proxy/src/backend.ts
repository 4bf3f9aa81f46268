import type { Boot } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import { type AnyService, loadApp, loading, loadService } from "@kerf/service";

/** Loads the backend of a gateway from the app's module. Throws `start_failed` with file and line, or `invalid_app`. */
export async function loadBackend(
  boot: Pick<Boot, "appModule" | "services">,
  gateway: string,
): Promise<AnyService> {
  const app = await loading("The app module", () => loadApp(boot.appModule));
  const module = app.gateways[gateway]?.backend;
  if (module === undefined) {
    throw new KerfError("invalid_configuration", {
      message: `The app ${app.name} has no backend for a gateway ${JSON.stringify(gateway)}.`,
      fix: "Restart the platform, so that it describes the app anew: kerf dev",
    });
  }
  const what = `backend of gateway ${gateway}`;
  const backend = await loading(`The ${what}`, () => loadService(what, module));
  if (!boot.services.includes(backend.name)) {
    throw new KerfError("invalid_configuration", {
      message: `The ${what} is ${backend.name} now, but was ${boot.services.join(", ")} when the app was described.`,
      fix: "Restart the platform, so that it describes the app anew: kerf dev",
    });
  }
  if (backend.database !== undefined) {
    throw new KerfError("invalid_app", {
      message: `The ${what} declares a database.`,
      why: "A gateway composes what services answer; it keeps nothing.",
      fix: "Move what it keeps into a service, and call that.",
    });
  }
  return backend;
}
