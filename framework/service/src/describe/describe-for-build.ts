import { existsSync, realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Clock } from "@kerf/kernel";
import { loadProblem } from "../declaration/load-problem.ts";
import type { AnyService } from "../declaration/service.ts";
import type { AppLoader } from "../loader/loader.ts";
import type { AppManifest } from "../manifest.ts";
import { serviceProblems } from "./check-app.ts";
import { bounded, describeApp, invalidApp } from "./describe-app.ts";
import { manifestService } from "./manifest-service.ts";

/**
 * Describes an app, or the module of one service that no app here names: then nothing is known of the contracts that it uses beyond
 * what it says itself, and the app has its name. Throws as {@link describeApp} does.
 */
export async function describeForBuild(
  given: string,
  loader: AppLoader,
  clock: Clock,
): Promise<AppManifest> {
  // As the loader knows it: without links.
  const module = existsSync(given) ? realpathSync(given) : given;
  const { default: exported } = (await bounded(clock, import(pathToFileURL(module).href)).catch(
    (thrown: unknown) => {
      throw invalidApp(module, [loadProblem("the module", thrown)]);
    },
  )) as { default?: { type?: unknown } | null };
  if (exported?.type !== "service") return describeApp(module, loader, clock, true);

  const service = exported as AnyService;
  const problems = serviceProblems(`service ${service.name}`, service);
  if (problems.length > 0) throw invalidApp(module, problems);
  const files = loader.files.reachableFrom(module);
  return {
    app: service.name,
    services: [manifestService(service, { module, files }, true)],
    gateways: [],
    units: { [service.name]: [service.name] },
    policies: {},
    servers: {},
    files: loader.files.all,
  };
}
