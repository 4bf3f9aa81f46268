import type { Caller, FramedServer } from "@kerf/call";
import type { HttpListener } from "@kerf/call/http";
import type { Status } from "@kerf/control-api";
import type { Clock } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import type { Alerting } from "./alerts/alerting.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import type { Domains } from "./domains/domains.ts";
import type { LoadKeeper } from "./load/load-keeper.ts";
import type { Deployed } from "./placement/deployed.ts";
import type { Deployment } from "./placement/deployment.ts";
import type { Publisher } from "./placement/publisher.ts";
import type { ProgramBundle } from "./program-bundle/program-bundle.ts";
import type { EventLog } from "./progress/event-log.ts";
import type { ReleaseStore } from "./releases/release-store.ts";
import type { BrokerServer } from "./resources/broker-server.ts";
import type { Databases } from "./resources/databases.ts";
import type { Keys } from "./resources/keys.ts";
import type { DatabaseMoves } from "./resources/moves/database-moves.ts";
import type { Redis } from "./resources/redis/redis.ts";
import type { Security } from "./resources/security.ts";
import type { Journal } from "./rollouts/journal.ts";
import type { Rollouts } from "./rollouts/rollouts.ts";
import type { CompileCache } from "./runtimes/compile-cache.ts";
import type { Containers } from "./runtimes/docker/containers.ts";
import type { ForeignImages } from "./runtimes/docker/foreign-images.ts";
import type { AutoScaling } from "./scaling/auto-scaling.ts";
import type { Settings } from "./settings/settings.ts";
import type { Home } from "./state/home.ts";
import type { AttachedPrograms } from "./supervisor/attached-programs.ts";
import type { LogRotation } from "./supervisor/log-rotation.ts";
import type { MemoryLimits } from "./supervisor/memory-limits.ts";
import type { Supervisor } from "./supervisor/supervisor.ts";
import type { LogShipper } from "./telemetry/log-shipper.ts";
import type { StoreProcess } from "./telemetry/store-process.ts";
import type { Reloader } from "./watch/reloader.ts";

/** What a platform is given by the process that it is. */
export interface PlatformSurroundings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventLog;
  /** Our descriptor of the launcher's lifeline. */
  readonly lifeline: number | undefined;
  /** Reads the app. */
  describe(signal?: AbortSignal): Promise<AppManifest>;
}

/** What a platform has taken for itself before it is put together. */
export interface Held {
  readonly home: Home;
  readonly unlock: () => void;
  readonly keys: Keys;
  readonly token: string;
  readonly epoch: number;
  /** Where programs talk over TCP: who certifies them, and who we are to them. */
  readonly security: Security | undefined;
  /** Where units run in containers. */
  readonly containers: Containers | undefined;
}

/** What the parts ask of the whole. */
export interface Whole {
  status(): Status;
  /** Makes a newly read app the one that runs. */
  redeploy(deployment: Deployment): Promise<void>;
  /** The database of a service became as its code needs it, or stopped being so. */
  databaseChanged(service: string): void;
  /** Makes the databases that are missing. */
  prepareDatabases(): Promise<void>;
  stop(reason: string): void;
}

/** The parts of a platform, put together and not started. */
export interface Parts {
  readonly deployed: Deployed;
  readonly databases: Databases;
  readonly databaseMoves: DatabaseMoves;
  /** What carries events, where we run it. */
  readonly brokerServer: BrokerServer | undefined;
  /** Where services keep something in Redis. */
  readonly redis: Redis;
  readonly settings: Settings;
  readonly audit: AuditLog;
  readonly supervisor: Supervisor;
  readonly publisher: Publisher;
  /** What instances measure of themselves. */
  readonly load: LoadKeeper;
  readonly memoryLimits: MemoryLimits;
  readonly compileCache: CompileCache;
  /** What programs start quicker from, where they run builds. */
  readonly programBundle: ProgramBundle | undefined;
  /** Images of others, where units are containers. */
  readonly images: ForeignImages | undefined;
  readonly caller: Caller;
  readonly reloader: Reloader;
  readonly rotation: LogRotation;
  readonly journal: Journal;
  readonly releases: ReleaseStore;
  readonly rollouts: Rollouts;
  /** As many copies as load asks for. */
  readonly scaling: AutoScaling;
  readonly attached: AttachedPrograms;
  /** Keeps what all programs tell of themselves. */
  readonly telemetry: StoreProcess;
  /** Takes logs there. */
  readonly logShipper: LogShipper;
  /** Judges objectives and tells people. */
  readonly alerting: Alerting;
  /** Orders the certificates of the app's names. */
  readonly domains: Domains;
  /** Aborts when the API is to let go of its streams. */
  readonly draining: AbortController;
  listenApi(): Promise<HttpListener>;
  listenHosts(): Promise<FramedServer>;
}
