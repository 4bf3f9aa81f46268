import { loadBuild } from "../build/load-build.ts";
import { loadApp } from "../declaration/load.ts";

/**
 * Loads what the boot document will name while it is still being made: databases may take longer than modules. A service is given by its
 * name or, when it is loaded from a build, as `NAME=DIRECTORY`. What fails fails again, and is reported, when the unit is loaded by its boot document.
 */
export function preload(appModule: string, services: readonly string[]): void {
  const ignore = (): void => {};
  const fromSource: string[] = [];
  for (const service of services) {
    const [name = "", ...directory] = service.split("=");
    if (directory.length === 0) fromSource.push(name);
    else loadBuild(name, directory.join("=")).catch(ignore);
  }
  if (fromSource.length === 0) return;
  loadApp(appModule).then((app) => {
    for (const name of fromSource) app.services[name]?.().catch(ignore);
  }, ignore);
}
