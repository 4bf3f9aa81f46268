import type { ProgramBoot } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import { type AnyService, loadApp, loadBuild, loading, loadService } from "@kerf/service";

/** Loads the backend of a gateway from its build, or from the app's module. Throws `start_failed` with file and line, or `invalid_app`. */
export async function loadBackend(
  boot: Pick<ProgramBoot, "appModule" | "services" | "builds">,
  gateway: string,
): Promise<AnyService> {
  const what = `backend of gateway ${gateway}`;
  const [name = ""] = boot.services;
  const build = boot.builds?.[name];
  const backend =
    build === undefined ? await fromSource(boot, gateway, what) : await loadBuild(name, build);
  if (backend.database !== undefined) {
    throw new KerfError("invalid_app", {
      message: `The ${what} declares a database.`,
      why: "A gateway composes what services answer; it keeps nothing.",
      fix: "Move what it keeps into a service, and call that.",
    });
  }
  return backend;
}

async function fromSource(
  boot: Pick<ProgramBoot, "appModule" | "services">,
  gateway: string,
  what: string,
): Promise<AnyService> {
  const app = await loading("The app module", () => loadApp(boot.appModule));
  const module = app.gateways[gateway]?.backend;
  if (module === undefined) {
    throw new KerfError("invalid_configuration", {
      message: `The app ${app.name} has no backend for a gateway ${JSON.stringify(gateway)}.`,
      fix: "Restart the platform, so that it describes the app anew: kerf dev",
    });
  }
  const backend = await loading(`The ${what}`, () => loadService(what, module));
  if (boot.services.includes(backend.name)) return backend;
  throw new KerfError("invalid_configuration", {
    message: `The ${what} is ${backend.name} now, but was ${boot.services.join(", ")} when the app was described.`,
    fix: "Restart the platform, so that it describes the app anew: kerf dev",
  });
}
