import type { Boot, DatabaseBoot, SignedSnapshot } from "@kerf/call";
import type { AppManifest } from "@kerf/service";
import { HeldBack } from "../supervisor/held-back.ts";
import type { AttachedProgram } from "../supervisor/attached-programs.ts";
import type { Program } from "../supervisor/program.ts";
import type { Databases } from "../resources/databases.ts";
import { missingProgram } from "../resources/foreign-program.ts";
import { type Keys, publicHalf } from "../resources/keys.ts";
import type { Home } from "../state/home.ts";
import type { InstanceRecord } from "../state/instance-records.ts";

/** What boot documents are composed from. */
export interface BootFacts {
  readonly home: Home;
  readonly keys: Keys;
  readonly databases: Databases;
  readonly environment: string;
  readonly logLevel: Boot["logLevel"];
  /** Programs talk over TCP. */
  readonly mutualTls: boolean;
  /** What carries events. */
  broker(): Promise<Boot["broker"]>;
  manifest(): AppManifest;
  /** The newest snapshot, once there is one. */
  snapshot(): Promise<SignedSnapshot>;
}

/**
 * The document that a new copy starts from; ready when the databases of its services are. A service whose database is not as
 * it needs it is left out; when that leaves nothing, throws {@link HeldBack}.
 */
export async function composeBoot(
  facts: BootFacts,
  program: Program,
  record: InstanceRecord,
): Promise<Boot> {
  const { home, keys, databases } = facts;
  const services = await usable(databases, program);
  const manifest = facts.manifest();
  const lacking = manifest.services
    .filter(({ name }) => program.services.includes(name))
    .map(missingProgram)
    .find((problem) => problem !== undefined);
  if (lacking !== undefined && record.attached === undefined) throw new HeldBack(lacking, false);
  const issues = manifest.services.some(
    (service) => service.issuer && services.includes(service.name),
  );
  const reachable: Record<string, DatabaseBoot> = {};
  for (const service of services) {
    const database = databases.boot(service);
    if (database !== undefined) reachable[service] = database;
  }
  return {
    app: manifest.app,
    environment: facts.environment,
    appModule: record.appModule,
    unit: program.unit,
    instance: record.id,
    services,
    ...(record.builds === undefined ? undefined : { builds: record.builds }),
    ...(record.address === "" ? undefined : { address: record.address }),
    ...(facts.mutualTls ? { mutualTls: true } : undefined),
    ...(program.http === undefined ? undefined : { http: program.http }),
    databases: reachable,
    ...(program.kind === "host" ? { broker: await facts.broker() } : undefined),
    platform: {
      address: `unix:${home.socket}`,
      token: record.token,
      publicKey: publicHalf(keys.snapshot),
    },
    snapshot: await facts.snapshot(),
    snapshotFile: home.snapshot(record.id),
    keys: {
      ...(program.kind === "gateway" ? { principal: keys.principal } : undefined),
      ...(issues ? { issuer: keys.issuer } : undefined),
    },
    ...(record.attached === undefined ? undefined : { program: programOf(record.attached) }),
    ...(Object.keys(manifest.policies).length === 0 ? undefined : { policies: manifest.policies }),
    ...(manifest.telemetry === undefined ? undefined : { telemetry: manifest.telemetry }),
    checked: facts.environment === "dev",
    logLevel: facts.logLevel,
  };
}

function programOf({ command, cwd }: AttachedProgram): Boot["program"] {
  return { command, cwd };
}

async function usable(databases: Databases, program: Program): Promise<string[]> {
  await Promise.all(program.services.map((service) => databases.attempted(service)));
  const services = program.services.filter((service) => databases.problemOf(service) === undefined);
  const problem = program.services
    .map((service) => databases.problemOf(service))
    .find((one) => one !== undefined);
  if (services.length === 0 && problem !== undefined) throw new HeldBack(problem);
  return services;
}
