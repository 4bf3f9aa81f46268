import type { Boot, DatabaseBoot, RedisBoot, SettingsBoot, SignedSnapshot } from "@kerf/call";
import type { AppManifest } from "@kerf/service";
import { serviceOf } from "../manifest/service-of.ts";
import type { SettingsVersions } from "../settings/versions.ts";
import { hasEvents } from "../runtimes/docker/image-events.ts";
import { HeldBack } from "../supervisor/held-back.ts";
import type { AttachedProgram } from "../supervisor/attached-programs.ts";
import type { Program } from "../supervisor/program.ts";
import type { Databases } from "../resources/databases.ts";
import type { Redis } from "../resources/redis/redis.ts";
import type { Settings } from "../settings/settings.ts";
import { missingProgram } from "../resources/foreign-program.ts";
import { type Keys, publicHalf } from "../resources/keys.ts";
import type { Home } from "../state/home.ts";
import type { InstanceRecord } from "../state/instance-records.ts";

/** What boot documents are composed from. */
export interface BootFacts {
  readonly home: Home;
  readonly keys: Keys;
  readonly databases: Databases;
  readonly redis: Pick<Redis, "boot" | "ensure" | "problemOf">;
  /** Whether services have the settings that they need, and what those are. */
  readonly settings: Pick<Settings, "check" | "problemWith" | "boot">;
  readonly environment: string;
  readonly logLevel: Boot["logLevel"];
  /** Where the telemetry store takes what programs record; undefined without one. */
  telemetryStore(): string | undefined;
  /** Programs talk over TCP. */
  readonly mutualTls: boolean;
  /** What carries events. */
  broker(): Promise<Boot["broker"]>;
  /** The app that a copy is of: as it is to be, for one that was started for a change. */
  manifest(record: Pick<InstanceRecord, "change">): AppManifest;
  /** The newest snapshot, once there is one. */
  snapshot(): Promise<SignedSnapshot>;
}

/**
 * The document that a new copy starts from; ready when the databases of its services are. A service whose database or settings are not as
 * it needs them is left out; when that leaves nothing, throws {@link HeldBack}.
 */
export async function composeBoot(
  facts: BootFacts,
  program: Program,
  record: InstanceRecord,
): Promise<Boot> {
  const { home, keys, databases } = facts;
  const manifest = facts.manifest(record);
  const services = await usable(facts, program, manifest, record.change !== undefined);
  const lacking = manifest.services
    .filter(({ name }) => program.services.includes(name))
    .map(missingProgram)
    .find((problem) => problem !== undefined);
  if (lacking !== undefined && record.attached === undefined) throw new HeldBack(lacking, false);
  const issues = manifest.services.some(
    (service) => service.issuer && services.includes(service.name),
  );
  const reachable: Record<string, DatabaseBoot> = {};
  const keepsEvents = hasEvents(program.image?.sidecar);
  if (keepsEvents) {
    await databases.attempted(program.unit);
    const problem = databases.problemOf(program.unit);
    if (problem !== undefined) throw new HeldBack(problem);
  }
  for (const service of keepsEvents ? [program.unit] : services) {
    const database = databases.boot(service, program.copies);
    if (database !== undefined) reachable[service] = database;
  }
  const redis: Record<string, RedisBoot> = {};
  for (const service of program.kind === "host" ? services : []) {
    const place = facts.redis.boot(service);
    if (place !== undefined) redis[service] = place;
  }
  const settings: Record<string, SettingsBoot> = {};
  for (const service of program.kind === "host" ? services : []) {
    const set = facts.settings.boot(
      service,
      serviceOf(manifest, service),
      versionsOf(program, service),
    );
    if (set !== undefined) settings[service] = set;
  }
  const telemetryStore = facts.telemetryStore();
  return {
    app: manifest.app,
    environment: facts.environment,
    appModule: record.appModule,
    unit: program.unit,
    instance: record.id,
    ...(record.release === undefined ? undefined : { release: record.release }),
    services,
    ...(record.builds === undefined ? undefined : { builds: record.builds }),
    ...(record.address === "" ? undefined : { address: record.address }),
    ...(facts.mutualTls ? { mutualTls: true } : undefined),
    ...(program.http === undefined ? undefined : { http: program.http }),
    ...(program.kind === "gateway" ? { domainCertificates: home.domains } : undefined),
    databases: reachable,
    ...(Object.keys(redis).length === 0 ? undefined : { redis }),
    ...(Object.keys(settings).length === 0 ? undefined : { settings }),
    ...(program.kind === "host" || keepsEvents ? { broker: await facts.broker() } : undefined),
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
    telemetry: telemetryOf(manifest.telemetry, facts.environment),
    ...(telemetryStore === undefined ? undefined : { telemetryStore }),
    checked: facts.environment === "dev",
    logLevel: facts.logLevel,
  };
}

/** What the app sets; in development every trace is recorded, since few are made there and each of them is looked for. */
function telemetryOf(
  set: AppManifest["telemetry"] = {},
  environment: string,
): NonNullable<Boot["telemetry"]> {
  return environment === "dev" ? { sampling: 1, ...set } : set;
}

function programOf({ command, cwd }: AttachedProgram): Boot["program"] {
  return { command, cwd };
}

/** The versions of its settings that a program starts a service with; undefined where it runs from source: the newest. */
function versionsOf({ settings }: Program, service: string): SettingsVersions | undefined {
  return settings && (settings[service] ?? { config: 0, secrets: 0 });
}

async function usable(
  facts: BootFacts,
  program: Program,
  manifest: AppManifest,
  isStaged: boolean,
): Promise<string[]> {
  const { databases, redis, settings } = facts;
  const problems = await Promise.all(
    program.services.map(async (service) => {
      const inRedis = manifest.services.some(({ name, redis: has }) => name === service && has);
      await Promise.all([databases.attempted(service), inRedis && redis.ensure(service)]);
      // A gateway's backend has neither.
      if (program.kind !== "host") return undefined;
      const problem = databases.problemOf(service) ?? redis.problemOf(service);
      if (problem !== undefined) return problem;
      // What a change tries says nothing of what serves.
      if (!isStaged) return settings.check(service);
      const versions = versionsOf(program, service);
      return settings.problemWith(service, serviceOf(manifest, service), versions);
    }),
  );
  const services = program.services.filter((_, index) => problems[index] === undefined);
  const problem = problems.find((one) => one !== undefined);
  if (services.length === 0 && problem !== undefined) throw new HeldBack(problem);
  return services;
}
