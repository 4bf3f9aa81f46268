import type { DiscoverySettings, Policies } from "@kerf/call";
import type { ContractDescription, JsonSchema } from "@kerf/contract";
import type { ErrorShape } from "@kerf/kernel";
import type { TelemetrySettings } from "@kerf/telemetry";
import type { SagaVersion, WrittenAgainst } from "./build/descriptor.ts";
import type { AlertSettings } from "./declaration/alerts.ts";
import type { Demonstrations } from "./declaration/demonstrations.ts";
import type { ManifestLimits } from "./declaration/limits.ts";
import type { ManifestScale } from "./declaration/scale.ts";
import type { ManifestSecret } from "./declaration/settings.ts";
import type { GatewaySettings } from "./declaration/gateway/settings.ts";

/** A contract that a service calls. */
export interface ManifestUse {
  /** Name of the service that offers it. */
  readonly name: string;
  /** Semantic version of the contract that the caller was written against. */
  readonly version: string;
  readonly optional: boolean;
  /** The operations that it may call; without it, all. */
  readonly operations?: readonly string[];
  /** True when only its events are followed, and nothing of it is called. */
  readonly followed?: boolean;
}

/** A schedule as data. */
export interface ManifestSchedule {
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly missed: "once" | "all" | "skip";
}

/** A service as data. */
export interface ManifestService {
  readonly name: string;
  readonly owner: string;
  readonly runbook?: string;
  readonly contract: ContractDescription;
  readonly uses: readonly ManifestUse[];
  /** Names of the services whose events it follows. */
  readonly follows: readonly string[];
  readonly database?: {
    /** Name of the server that it lies on. */
    readonly server: string;
    /** Absolute path of the folder with its migrations. */
    readonly migrations: string;
    /** Connections that one instance may hold. */
    readonly connections: number;
  };
  /** Whether it keeps something in Redis; absent otherwise. */
  readonly redis?: boolean;
  /** JSON Schema (draft 2020-12) of what operators may set, defaults included; absent where there is nothing to set. */
  readonly config?: JsonSchema;
  /** The secrets that it needs; absent without any. */
  readonly secrets?: readonly ManifestSecret[];
  /** The program that implements it, when that is not TypeScript of the app; it has a unit of its own. */
  readonly program?: {
    readonly command: readonly string[];
    /** Absolute path of the directory that it runs in. */
    readonly cwd: string;
    /** Where its command is looked for, when the declaration says so. */
    readonly path?: string;
  };
  /** Whether it signs the users' tokens that gateways accept. */
  readonly issuer: boolean;
  /** Names of its sagas. */
  readonly sagas: readonly string[];
  /** The sagas in all of the versions that it can go on with. */
  readonly sagaVersions?: readonly SagaVersion[];
  /** What it does at given times. */
  readonly schedules: readonly ManifestSchedule[];
  /** Names of its comparisons with other services. */
  readonly reconciliations: readonly string[];
  /** Names of its workers. */
  readonly workers: readonly string[];
  /** What it was written against; when it is described for a build. */
  readonly against?: WrittenAgainst;
  /** Absolute path of the module whose default export it is. */
  readonly module?: string;
  /** Absolute paths of the app's source files that its module loads, sorted. */
  readonly files: readonly string[];
}

/** A gateway as data. */
export interface ManifestGateway {
  readonly name: string;
  readonly expose: readonly ContractDescription[];
  readonly settings: GatewaySettings;
  /** What composes answers for its clients, described as a service is. */
  readonly backend?: ManifestService;
}

/** An app as plain data: all that the platform knows of it, since it never runs authors' code. */
export interface AppManifest {
  readonly app: string;
  readonly services: readonly ManifestService[];
  readonly gateways: readonly ManifestGateway[];
  /** Default placement: the services of each unit. */
  readonly units: Readonly<Record<string, readonly string[]>>;
  /** What calls are set to where the defaults do not fit. */
  readonly policies: Policies;
  /** How traces are chosen and where they go; absent where the app says nothing of it. */
  readonly telemetry?: TelemetrySettings;
  /** What is promised of operations; absent where the app says nothing of it. */
  readonly alerts?: AlertSettings;
  /** What can be shown of it while it is developed; absent where there is nothing. */
  readonly demonstrations?: Demonstrations;
  /** Servers that are not embedded. */
  readonly servers: Readonly<Record<string, { readonly urlFile: string }>>;
  /** What one copy of a unit may use, in bytes and processors; absent where the app says nothing of it. */
  readonly limits?: Readonly<Record<string, ManifestLimits>> | undefined;
  /** How the number of copies of units is decided by their load; absent where the app says nothing of it. */
  readonly scale?: Readonly<Record<string, ManifestScale>> | undefined;
  /** Units that run elsewhere, and where their instances are found. */
  readonly discovery?: Readonly<Record<string, DiscoverySettings>> | undefined;
  /** Absolute paths of every source file of the app that was loaded, sorted. */
  readonly files: readonly string[];
}

/** What `describe` prints instead of a manifest, with exit code 1. */
export interface ManifestFailure {
  readonly error: ErrorShape;
  /** Everything that is wrong, each entry readable by itself. */
  readonly problems: readonly string[];
}
