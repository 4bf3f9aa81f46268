import type {
  ChangeStatus,
  DatabaseServerStatus,
  DomainStatus,
  GatewayStatus,
  InstanceStatus,
  ServiceStatus,
  Status,
  UnitStatus,
} from "@kerf/control-api";
import type { LoadKeeper } from "./load/load-keeper.ts";
import { loadStatus } from "./load/load-status.ts";
import type { Deployed } from "./placement/deployed.ts";
import type { BrokerServer } from "./resources/broker-server.ts";
import type { Databases } from "./resources/databases.ts";
import type { PostgresServer } from "./resources/postgres-server.ts";
import type { Redis } from "./resources/redis/redis.ts";
import type { RedisServer } from "./resources/redis/redis-server.ts";
import type { AutoScaling } from "./scaling/auto-scaling.ts";
import type { Settings } from "./settings/settings.ts";
import { silentError } from "./supervisor/explain-end.ts";
import type { Slot } from "./supervisor/slot.ts";
import type { Supervisor } from "./supervisor/supervisor.ts";

/** What `kerf status` shows is gathered from. */
export interface StatusFacts {
  readonly deployed: Deployed;
  readonly environment: string;
  /** Whether units are containers. */
  readonly inContainers: boolean;
  readonly phase: Status["phase"];
  /** The one that is under way. */
  readonly change: ChangeStatus | undefined;
  readonly supervisor: Supervisor;
  readonly databases: Databases;
  readonly load: LoadKeeper;
  readonly scaling: Pick<AutoScaling, "statusOf">;
  readonly settings: Pick<Settings, "problemOf">;
  readonly telemetry: Status["telemetry"];
  /** Where the platform runs one. */
  readonly broker: BrokerServer | undefined;
  /** Where services keep something in Redis. */
  readonly redis: Redis;
  readonly domains: readonly DomainStatus[];
  readonly platform: Status["platform"];
}

/** Everything that runs, as it is at this moment. */
export function gatherStatus(facts: StatusFacts): Status {
  const { supervisor, databases, load, settings } = facts;
  const { manifest, units } = facts.deployed;
  return {
    app: manifest?.app ?? "",
    environment: facts.environment,
    phase: facts.phase,
    ...(facts.change === undefined ? undefined : { change: facts.change }),
    units: Object.entries(units).map(([name, services]): UnitStatus => ({
      name,
      services: [...services],
      instances: supervisor.slotsOf(name).flatMap((slot) => instancesOf(slot, load)),
      ...limitsOf(facts, name, services),
      ...facts.scaling.statusOf(name),
    })),
    gateways: (manifest?.gateways ?? []).flatMap(({ name }): GatewayStatus[] =>
      supervisor.slotsOf(`gateway:${name}`).map((slot) => {
        const { address, ...rest } = present(slot, load);
        return { name, url: address, ...rest, ...facts.scaling.statusOf(`gateway:${name}`) };
      }),
    ),
    services: (manifest?.services ?? []).map((service): ServiceStatus => {
      const migration = databases.migrationOf(service.name);
      const problem =
        databases.problemOf(service.name) ??
        facts.redis.problemOf(service.name) ??
        settings.problemOf(service.name);
      return {
        name: service.name,
        unit: facts.deployed.unitOf(service.name) ?? "",
        owner: service.owner,
        version: service.contract.version,
        ...(migration === undefined ? undefined : { migration }),
        ...(problem === undefined ? undefined : { problem: problem.toShape() }),
      };
    }),
    databases: databases.servers.map((server): DatabaseServerStatus => ({
      server: server.name,
      embedded: server.embedded,
      ...(server.image === undefined ? undefined : { image: server.image }),
      services: databases.on(server.name),
      ...keptStatus(server),
    })),
    ...brokerStatus(facts.broker),
    ...redisStatus(facts.redis),
    ...(facts.telemetry === undefined ? undefined : { telemetry: facts.telemetry }),
    ...(facts.domains.length === 0 ? undefined : { domains: [...facts.domains] }),
    platform: facts.platform,
  };
}

function brokerStatus(broker: BrokerServer | undefined): Pick<Status, "broker"> {
  if (broker === undefined) return {};
  return { broker: { url: broker.url, image: broker.image, ...keptStatus(broker) } };
}

function redisStatus({ note, server, services }: Redis): Pick<Status, "redis"> {
  if (server === undefined) return {};
  const { image, own, where } = server;
  return {
    redis: {
      url: where,
      own,
      ...(image === undefined ? undefined : { image }),
      ...(note === undefined ? undefined : { note }),
      services,
      ...keptStatus(server),
    },
  };
}

function keptStatus(server: PostgresServer | BrokerServer | RedisServer) {
  return {
    pid: server.pid,
    state: server.state,
    restarts: server.restarts,
    since: new Date(server.since).toISOString(),
    ...(server.lastError === undefined ? undefined : { lastError: server.lastError }),
  };
}

/** What the app lets a copy of a unit use. What is in another language runs as a process in any case. */
function limitsOf(
  { deployed: { manifest }, inContainers }: StatusFacts,
  unit: string,
  services: readonly string[],
): Pick<UnitStatus, "limits"> {
  const { cpus, memoryBytes } = manifest?.limits?.[unit] ?? {};
  if (cpus === undefined && memoryBytes === undefined) return {};
  const isForeign = manifest?.services.some(
    ({ name, program }) => program !== undefined && services.includes(name),
  );
  return {
    limits: {
      ...(memoryBytes === undefined ? undefined : { memoryBytes }),
      ...(cpus === undefined ? undefined : { cpus, cpusHeld: inContainers && isForeign !== true }),
    },
  };
}

/** The copy that a place is filled with, and those that still finish their work beside it. */
function instancesOf(slot: Slot, load: LoadKeeper): InstanceStatus[] {
  const others = slot.instances.filter((instance) => instance !== slot.current);
  return [
    present(slot, load),
    ...others.map((instance): InstanceStatus => ({
      id: instance.id,
      pid: instance.pid,
      state: instance.state,
      address: instance.address,
      restarts: 0,
      since: new Date(instance.since).toISOString(),
      ...loadStatus(load, instance.id),
    })),
  ];
}

function present(slot: Slot, load: LoadKeeper): InstanceStatus {
  const lastError = slot.lastError ?? (slot.silent && silentError(slot.silent).toShape());
  return {
    // A place whose process has just ended has no copy to name.
    id: slot.current?.id ?? slot.name,
    pid: slot.current?.pid ?? 0,
    state: slot.state,
    address: slot.current?.address ?? "",
    restarts: slot.restarts,
    since: new Date(slot.since).toISOString(),
    ...(lastError === undefined ? undefined : { lastError }),
    ...(slot.lastEnd === undefined
      ? undefined
      : { lastEnd: { ...slot.lastEnd, at: new Date(slot.lastEnd.at).toISOString() } }),
    ...(slot.current === undefined ? undefined : loadStatus(load, slot.current.id)),
  };
}
