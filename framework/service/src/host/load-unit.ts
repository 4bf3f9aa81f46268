import type { Boot } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import { loadApp, loading, loadService } from "../declaration/load.ts";
import type { AnyService } from "../declaration/service.ts";

/** Loads the services that an instance runs, and no others. Throws `start_failed` with file and line, or `invalid_app`. */
export async function loadUnit(
  boot: Pick<Boot, "app" | "appModule" | "services">,
): Promise<AnyService[]> {
  const app = await loading("The app module", () => loadApp(boot.appModule));
  return Promise.all(
    boot.services.map(async (name) => {
      const module = app.services[name];
      if (module === undefined) {
        throw new KerfError("invalid_configuration", {
          message: `The app ${app.name} has no service ${JSON.stringify(name)}.`,
          why: `Its module ${boot.appModule} names ${Object.keys(app.services).join(", ")}.`,
          fix: "Restart the platform, so that it describes the app anew: kerf dev",
        });
      }
      const service = await loading(`The service ${name}`, () =>
        loadService(`service ${name}`, module),
      );
      if (service.name === name) return service;
      throw new KerfError("invalid_app", {
        message: `The module of service ${name} exports the service of the contract ${service.name}.`,
        fix: "Give both the same name: the key in app({ services }) is the contract's name.",
      });
    }),
  );
}
