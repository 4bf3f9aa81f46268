import { statSync } from "node:fs";
import { resolve } from "node:path";
import { describeContract } from "@kerf/contract";
import { type ExternalProgram, programOf } from "../declaration/external.ts";
import type { AnyService } from "../declaration/service.ts";
import { configSchema, secretsOf } from "../declaration/settings.ts";
import { usesOf } from "../declaration/uses.ts";
import type { ManifestService, ManifestUse } from "../manifest.ts";
import { writtenAgainst } from "./written-against.ts";

/** Where the modules of a service lie. */
export interface ServiceFiles {
  /** Absolute path of the module whose default export it is. */
  readonly module: string | undefined;
  /** Absolute paths of the app's own files that it loads, sorted. */
  readonly files: readonly string[];
}

/** A service as data. `forBuild` adds what it was written against. */
export function manifestService(
  service: AnyService,
  { module, files }: ServiceFiles,
  forBuild: boolean,
): ManifestService {
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
    ...(service.redis ? { redis: true } : undefined),
    ...(service.config === undefined ? undefined : { config: configSchema(service.config) }),
    ...(secrets.length === 0 ? undefined : { secrets }),
    ...(program === undefined ? undefined : { program: manifestProgram(program) }),
    issuer: service.issuer,
    sagas: [...new Set(service.sagas.map(({ name }) => name))],
    sagaVersions: service.sagas.map(({ name, version }) => ({ name, version })),
    schedules: service.schedules.map(({ name, cron, timeZone, missed }) => ({
      name,
      cron,
      timeZone,
      missed,
    })),
    reconciliations: [...service.reconciliations.keys()],
    workers: [...service.workers.keys()],
    ...(forBuild ? { against: writtenAgainst(service) } : undefined),
    ...(module === undefined ? undefined : { module }),
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
