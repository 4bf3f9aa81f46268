import { statSync } from "node:fs";
import { resolve } from "node:path";
import { describeContract } from "@kerf/contract";
import { type Clock, KerfError } from "@kerf/kernel";
import type { App, ServiceModule } from "../declaration/app.ts";
import { type ExternalProgram, programOf } from "../declaration/external.ts";
import { loadApp, loadService } from "../declaration/load.ts";
import type { AnyService } from "../declaration/service.ts";
import { configSchema, secretsOf } from "../declaration/settings.ts";
import { usesOf } from "../declaration/uses.ts";
import type { AppLoader } from "../loader/loader.ts";
import type { AppManifest, ManifestGateway, ManifestService, ManifestUse } from "../manifest.ts";
import { unitDiscoveryProblems } from "../declaration/discovery.ts";
import { resolveUnits } from "../units.ts";
import { appProblems } from "./check-app.ts";
import { loadProblem } from "../declaration/load-problem.ts";

/** How long a module may take to load, milliseconds: what hangs must not look like a slow machine for ever. */
const loadMs = 20_000;

/** Loads the app with all of its services. Throws one `invalid_app` that lists everything that is wrong in `data.problems`. */
export async function describeApp(
  appModule: string,
  loader: AppLoader,
  clock: Clock,
): Promise<AppManifest> {
  const problems: string[] = [];
  const filesOf = new Map<AnyService, readonly string[]>();

  // One after the other, so that it is known whose import a file came with.
  const load = async (what: string, module: ServiceModule): Promise<AnyService | undefined> => {
    try {
      const loaded = await loader.files.rootOf(() => bounded(clock, loadService(what, module)));
      filesOf.set(
        loaded.module,
        loaded.root === undefined ? [] : loader.files.reachableFrom(loaded.root),
      );
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
  problems.push(
    ...appProblems({ app, services, backends }),
    ...placement.problems,
    ...unitDiscoveryProblems(app.discovery, Object.keys(placement.units)),
  );
  if (problems.length > 0) throw invalidApp(appModule, problems);

  return {
    app: app.name,
    services: [...services.values()].map((service) =>
      manifestService(service, filesOf.get(service) ?? []),
    ),
    gateways: Object.entries(app.gateways).map(([name, { expose, settings }]): ManifestGateway => {
      const backend = backends.get(name);
      return {
        name,
        expose: expose.map((contract) => describeContract(contract)),
        settings,
        ...(backend === undefined
          ? undefined
          : {
              backend: {
                contract: describeContract(backend.contract),
                uses: manifestUses(backend),
                files: filesOf.get(backend) ?? [],
              },
            }),
      };
    }),
    units: placement.units,
    policies: app.policies,
    ...(Object.keys(app.telemetry).length === 0 ? undefined : { telemetry: app.telemetry }),
    servers: app.servers,
    ...(Object.keys(app.discovery).length === 0 ? undefined : { discovery: app.discovery }),
    files: loader.files.all,
  };
}

function manifestService(service: AnyService, files: readonly string[]): ManifestService {
  const { database, runbook } = service;
  const program = programOf(service);
  const secrets = [...secretsOf(service.secrets)].map(([name, { development }]) => ({
    name,
    development: development !== undefined,
  }));
  return {
    name: service.name,
    owner: service.owner,
    ...(runbook === undefined ? undefined : { runbook }),
    contract: describeContract(service.contract),
    uses: manifestUses(service),
    follows: [...service.subscriptions.keys()],
    ...(database === undefined
      ? undefined
      : {
          database: {
            server: database.server,
            migrations: database.migrations,
            connections: database.connections,
          },
        }),
    ...(service.config === undefined ? undefined : { config: configSchema(service.config) }),
    ...(secrets.length === 0 ? undefined : { secrets }),
    ...(program === undefined ? undefined : { program: manifestProgram(program) }),
    issuer: service.issuer,
    sagas: [...new Set(service.sagas.map(({ name }) => name))],
    schedules: service.schedules.map(({ name, cron, timeZone, missed }) => ({
      name,
      cron,
      timeZone,
      missed,
    })),
    reconciliations: [...service.reconciliations.keys()],
    workers: [...service.workers.keys()],
    files: program === undefined ? files : [...files, ...programFiles(program)].toSorted(),
  };
}

function manifestProgram({ command, cwd, environment }: ExternalProgram) {
  const path = environment["PATH"];
  return { command, cwd, ...(path === undefined ? undefined : { path }) };
}

/** The files that a program's command names: when one changes, the program starts anew. */
function programFiles({ command, cwd }: ExternalProgram): string[] {
  return command
    .map((part) => resolve(cwd, part))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}

function manifestUses(service: AnyService): ManifestUse[] {
  const uses = usesOf(service).map(({ contract: { name, version, only }, optional }) => ({
    name,
    version,
    optional,
    ...(only === undefined ? undefined : { operations: only }),
  }));
  // Whoever follows a service's events reads its log, and can do without it for a while.
  const followed = [...service.subscriptions.values()]
    .filter(({ producer }) => uses.every((use) => use.name !== producer.name))
    .map(({ producer: { name, version } }) => ({ name, version, optional: true, followed: true }));
  return [...uses, ...followed];
}

function invalidApp(appModule: string, problems: readonly string[]): KerfError {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new KerfError("invalid_app", {
    message: `The app has ${count}:\n${problems.map((problem) => `- ${problem}`).join("\n")}`,
    fix: "Correct them and start it again; nothing was changed.",
    data: { appModule, problems },
  });
}

function bounded<T>(clock: Clock, work: Promise<T>): Promise<T> {
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
