import { describeContract } from "@kerf/contract";
import { type Clock, KerfError } from "@kerf/kernel";
import type { App, ServiceModule } from "../declaration/app.ts";
import { programOf } from "../declaration/external.ts";
import { bytesOf, limitProblems } from "../declaration/limits.ts";
import { manifestScale, scaleProblems } from "../declaration/scale.ts";
import { loadApp, loadService } from "../declaration/load.ts";
import type { AnyService } from "../declaration/service.ts";
import type { AppLoader } from "../loader/loader.ts";
import type { AppManifest, ManifestGateway, ManifestService } from "../manifest.ts";
import { unitDiscoveryProblems } from "../declaration/discovery.ts";
import { resolveUnits } from "../units.ts";
import { appProblems } from "./check-app.ts";
import { loadProblem } from "../declaration/load-problem.ts";
import { manifestService, type ServiceFiles } from "./manifest-service.ts";

/** How long a module may take to load, milliseconds: what hangs must not look like a slow machine for ever. */
const loadMs = 20_000;

/**
 * Loads the app with all of its services. Throws one `invalid_app` that lists everything that is wrong in `data.problems`. `forBuild` adds
 * what each service was written against.
 */
export async function describeApp(
  appModule: string,
  loader: AppLoader,
  clock: Clock,
  forBuild = false,
): Promise<AppManifest> {
  const problems: string[] = [];
  const filesOf = new Map<AnyService, ServiceFiles>();

  // One after the other, so that it is known whose import a file came with.
  const load = async (what: string, module: ServiceModule): Promise<AnyService | undefined> => {
    try {
      const loaded = await loader.files.rootOf(() => bounded(clock, loadService(what, module)));
      filesOf.set(loaded.module, {
        module: loaded.root,
        files: loaded.root === undefined ? [] : loader.files.reachableFrom(loaded.root),
      });
      return loaded.module;
    } catch (thrown) {
      problems.push(loadProblem(what, thrown));
      return undefined;
    }
  };

  const app = await bounded(clock, loadApp(appModule)).catch((thrown: unknown): App => {
    throw invalidApp(appModule, [loadProblem("the app module", thrown)]);
  });
  const services = new Map<string, AnyService>();
  for (const [name, module] of Object.entries(app.services)) {
    const service = await load(`service ${name}`, module);
    if (service !== undefined) services.set(name, service);
  }
  const backends = new Map<string, AnyService>();
  for (const [name, { backend }] of Object.entries(app.gateways)) {
    const service =
      backend === undefined ? undefined : await load(`the backend of gateway ${name}`, backend);
    if (service !== undefined) backends.set(name, service);
  }

  const placement = resolveUnits(
    app.units,
    Object.keys(app.services),
    [...services].filter(([, service]) => programOf(service) !== undefined).map(([name]) => name),
  );
  // A cut may make a unit of any service, and leave the others in "main".
  const possible = [
    ...new Set([...Object.keys(placement.units), ...Object.keys(app.services), "main"]),
  ];
  const programs = [...possible, ...Object.keys(app.gateways).map((name) => `gateway:${name}`)];
  problems.push(
    ...appProblems({ app, services, backends }),
    ...placement.problems,
    ...unitDiscoveryProblems(app.discovery, Object.keys(placement.units)),
    ...scaleProblems(app.scale, programs),
    ...limitProblems(app.limits, programs),
  );
  if (problems.length > 0) throw invalidApp(appModule, problems);

  const described = (service: AnyService): ManifestService =>
    manifestService(service, filesOf.get(service) as ServiceFiles, forBuild);
  return {
    app: app.name,
    services: [...services.values()].map(described),
    gateways: Object.entries(app.gateways).map(([name, { expose, settings }]): ManifestGateway => {
      const backend = backends.get(name);
      return {
        name,
        expose: expose.map((contract) => describeContract(contract)),
        settings,
        ...(backend === undefined ? undefined : { backend: described(backend) }),
      };
    }),
    units: placement.units,
    policies: app.policies,
    ...(Object.keys(app.telemetry).length === 0 ? undefined : { telemetry: app.telemetry }),
    ...(Object.keys(app.alerts).length === 0 ? undefined : { alerts: app.alerts }),
    ...(Object.keys(app.demonstrations).length === 0
      ? undefined
      : { demonstrations: app.demonstrations }),
    servers: app.servers,
    ...(Object.keys(app.limits).length === 0 ? undefined : { limits: manifestLimits(app) }),
    ...(Object.keys(app.scale).length === 0 ? undefined : { scale: manifestScale(app.scale) }),
    ...(Object.keys(app.discovery).length === 0 ? undefined : { discovery: app.discovery }),
    files: loader.files.all,
  };
}

/** What is wrong with an app, as one error. */
export function invalidApp(appModule: string, problems: readonly string[]): KerfError {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new KerfError("invalid_app", {
    message: `The app has ${count}:\n${problems.map((problem) => `- ${problem}`).join("\n")}`,
    fix: "Correct them and start it again; nothing was changed.",
    data: { appModule, problems },
  });
}

/** Rejects when loading takes longer than a module may. */
export function bounded<T>(clock: Clock, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(loadMs, () =>
      reject(
        new KerfError("start_failed", {
          message: `It did not finish loading within ${loadMs / 1000} s.`,
          fix: "Look for an await at the top level of its modules: connect to things in handlers and workers instead.",
        }),
      ),
    );
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}

function manifestLimits({ limits }: App): AppManifest["limits"] {
  return Object.fromEntries(
    Object.entries(limits).map(([unit, { cpus, memory }]) => [
      unit,
      {
        memoryBytes: memory === undefined ? undefined : bytesOf(memory),
        ...(cpus === undefined ? undefined : { cpus }),
      },
    ]),
  );
}
