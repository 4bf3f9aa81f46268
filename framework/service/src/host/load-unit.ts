import type { ProgramBoot } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import { loadBuild } from "../build/load-build.ts";
import { loadApp, loading, loadService } from "../declaration/load.ts";
import type { App } from "../declaration/app.ts";
import type { AnyService } from "../declaration/service.ts";

/**
 * Loads the services that an instance runs, and no others: from their builds, and what has none from the app's source, which is not looked at
 * when all have one. Throws `start_failed` with file and line, `invalid_app`, or `invalid_configuration`.
 */
export async function loadUnit(
  boot: Pick<ProgramBoot, "app" | "appModule" | "services" | "builds">,
): Promise<AnyService[]> {
  const { appModule, builds = {}, services } = boot;
  const app = services.every((name) => name in builds)
    ? undefined
    : await loading("The app module", () => loadApp(appModule));
  return Promise.all(
    services.map((name) => {
      const build = builds[name];
      return build === undefined ? fromSource(name, app as App, appModule) : loadBuild(name, build);
    }),
  );
}

async function fromSource(name: string, app: App, appModule: string): Promise<AnyService> {
  const module = app.services[name];
  if (module === undefined) {
    throw new KerfError("invalid_configuration", {
      message: `The app ${app.name} has no service ${JSON.stringify(name)}.`,
      why: `Its module ${appModule} names ${Object.keys(app.services).join(", ")}.`,
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
}
