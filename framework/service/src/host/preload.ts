import { loadApp } from "../declaration/load.ts";

/**
 * Loads what the boot document will name while it is still being made: databases may take longer than modules. What fails
 * fails again, and is reported, when the unit is loaded by its boot document.
 */
export function preload(appModule: string, services: readonly string[]): void {
  const ignore = (): void => {};
  loadApp(appModule).then((app) => {
    for (const name of services) app.services[name]?.().catch(ignore);
  }, ignore);
}
