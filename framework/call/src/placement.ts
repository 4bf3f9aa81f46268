import type { ContractDescription } from "@kerf/contract";
import type { LifecycleState } from "@kerf/kernel";
import type { TelemetrySettings } from "@kerf/telemetry";
import type { DiscoverySettings } from "./discovery/settings.ts";
import type { Policies } from "./policies/settings.ts";

/** Where an instance listens: `unix:/path/to.sock` or `tcp:host:port`. */
export type Address = string;

/** A running copy of a unit, as routers see it. */
export interface PlacedInstance {
  readonly id: string;
  readonly address: Address;
  /** Only `ready` ones are sent calls. */
  readonly state: LifecycleState;
  /** Share of the calls that it gets beside the others; default 1. */
  readonly weight?: number | undefined;
}

/** A service: which unit it lives in and whom it may call. */
export interface PlacedService {
  readonly unit: string;
  /** The unit that a change is about to take it to: copies of that one may speak for it. */
  readonly movesTo?: string | undefined;
  /** While its next unit warms up: the copies of both that are called, with their weights. Otherwise all of its unit are. */
  readonly instances?: readonly PlacedInstance[] | undefined;
  /** Semantic version of the contract that it offers. */
  readonly version: string;
  /** The services that it declares as `uses`. */
  readonly uses: readonly string[];
  /** Of services that it uses in part: the operations that it may call. Of others it may call all. */
  readonly operations?: Readonly<Record<string, readonly string[]>> | undefined;
  /** The services whose events it follows; without it, those that it uses. */
  readonly follows?: readonly string[] | undefined;
  /** True when it has a transactional database, in which a command is recorded with its effect. */
  readonly recordsCommands?: boolean | undefined;
  /** Of an image of somebody else: the contracts of what it uses, as data, for the sidecar beside it. */
  readonly contracts?: readonly ContractDescription[] | undefined;
}

/** A public key of the environment as a JWK (Ed25519), with `kid`. */
export type PublicKey = Readonly<Record<string, unknown>> & { readonly kid: string };

/** What a gateway serves. */
export interface PlacedGateway {
  /** Contracts whose `http` operations are routed, as data. */
  readonly expose: readonly ContractDescription[];
  /** Contract of the gateway's own backend, when it has one. */
  readonly backend?: ContractDescription | undefined;
  /** What the backend declares as `uses`. */
  readonly uses: readonly string[];
  /** As of a service. */
  readonly operations?: Readonly<Record<string, readonly string[]>> | undefined;
  /** How it treats its clients, as the app declares it; only gateways read it. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  /** How many processes it has; 1 when it does not say. */
  readonly instances?: number | undefined;
}

/** A unit: its running copies, or where they are looked for. */
export interface PlacedUnit {
  readonly instances: readonly PlacedInstance[];
  /** No copy of it runs until somebody calls it: whoever does tells the platform, and waits for one. */
  readonly asleep?: boolean | undefined;
  /** Of a unit that the platform does not run. */
  readonly discovery?: DiscoverySettings | undefined;
}

/** Who runs where, at one moment; signed by the platform, kept by everyone as the last good one. */
export interface Snapshot {
  readonly app: string;
  /** The environment: audience of principals, part of every identity. */
  readonly environment: string;
  /** Grows each time a platform starts that cannot know what the one before published last. */
  readonly epoch: number;
  /** Grows with every change within an epoch. */
  readonly generation: number;
  /** True while the app starts for the first time: what is missing is on its way, and gateways say so. */
  readonly starting?: boolean | undefined;
  readonly services: Readonly<Record<string, PlacedService>>;
  readonly units: Readonly<Record<string, PlacedUnit>>;
  readonly gateways: Readonly<Record<string, PlacedGateway>>;
  /** Keys that principals signed by gateways are checked with. */
  readonly principalKeys: readonly PublicKey[];
  /** Keys that the app's own issuer signs users' tokens with. */
  readonly issuerKeys: readonly PublicKey[];
  /** Certificates of the environment's authorities, PEM: who talks over TCP accepts what they signed, and nothing else. */
  readonly authorities?: readonly string[] | undefined;
}

/** A snapshot as it travels and lies on disk: `body` is JSON, `signature` Ed25519 over its UTF-8 bytes, base64url. */
export interface SignedSnapshot {
  readonly body: string;
  readonly signature: string;
}

/** What an instance or gateway says of itself when it attaches to the platform. */
export interface Attachment {
  readonly instance: string;
  /** A unit's name, or `gateway:NAME`. */
  readonly unit: string;
  readonly pid: number;
  readonly address: Address;
  readonly state: LifecycleState;
  /** Absolute paths of the app's own source files that it loaded; what `kerf dev` watches. */
  readonly files: readonly string[];
  /** Proves that this process was started by the platform; from the boot document. */
  readonly token: string;
}

/** Asks for a certificate. */
export interface CertificateOrder {
  readonly instance: string;
  readonly token: string;
  /** PKCS #10, PEM, for the SPIFFE id of the instance's own unit. */
  readonly request: string;
}

/** A change of state, or the acknowledgement of a snapshot. */
export interface HostReport {
  readonly instance: string;
  readonly token: string;
  readonly state: LifecycleState;
  /** The newest snapshot that it routes by. */
  readonly epoch: number;
  readonly generation: number;
}

/** What a program counted of one operation since its start. */
export interface OperationMeasured {
  /** `service.operation`, or a path that something else answers. */
  readonly name: string;
  readonly calls: number;
  /** Calls that failed by the fault of who served them. */
  readonly failed: number;
  /** Bucket, count, bucket, count …; the buckets are those of `LatencyHistogram`. */
  readonly latency: readonly number[];
}

/** What a program measured of itself. */
export interface LoadMeasured {
  /** Calls from outside that are being served. */
  readonly inFlight: number;
  /** Streams of authors that are open. */
  readonly streams: number;
  /** Processor time since its start, milliseconds. */
  readonly cpuMs: number;
  readonly residentBytes: number;
  /** Those that were called since the last report. */
  readonly operations: readonly OperationMeasured[];
}

/** The load of an instance or gateway, told about once a second. */
export interface LoadReport extends LoadMeasured {
  readonly instance: string;
  readonly token: string;
}

/** How a service's database is reached. The password is a secret: boot documents travel over a descriptor only. */
export interface DatabaseBoot {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** To a server elsewhere. */
  readonly tls?: { readonly rejectUnauthorized: boolean; readonly ca?: string } | undefined;
  /** Connections this instance may hold. */
  readonly connections: number;
}

/** Where a service finds its Redis, and as whom. The password is a secret, as that of a database. */
export interface RedisBoot {
  /** A socket of this machine, or a host. `ca`: PEM of the authority that signed its certificate, if that is not a public one. */
  readonly socket:
    | { readonly path: string; readonly tls: false }
    | { readonly host: string; readonly port: number; readonly tls: false }
    | { readonly host: string; readonly port: number; readonly tls: true; readonly ca?: string };
  readonly username: string;
  readonly password: string;
  /** What its keys and channels begin with. */
  readonly keyPrefix: string;
}

/** What operators have set of one service. Secrets: boot documents travel over a descriptor only. */
export interface SettingsBoot {
  /** As it was set; the service's own schema adds what it says by default. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** Which version of each this is; 0 where nothing was ever set. */
  readonly version: { readonly config: number; readonly secrets: number };
}

/** The broker that carries events. Password, token and seed are secrets, as the password of a database. */
export interface BrokerBoot {
  /** `nats://…` or `kafka://…`. */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Of NATS: a token, or the seed of a user's key with what its account signed for it. */
  readonly token?: string | undefined;
  readonly seed?: string | undefined;
  readonly jwt?: string | undefined;
  /** PEM of the authority that signed its certificate, if that is not a public one. */
  readonly authority?: string | undefined;
}

/** What the sidecar of an image of somebody else stands beside, in a container of its own. */
export interface ImageBoot {
  /** `IP:PORT` where the image's program listens, on a network that only the two share. */
  readonly program: string;
  /** Where the sidecar takes what that program sends to others, on the same network. */
  readonly outbound: { readonly host: string; readonly port: number };
  /** Hosts outside of the app that the program may reach through the sidecar, each `host` or `host:port`. */
  readonly allow: readonly string[];
  /** Events that are posted to the program, each `service.event`. */
  readonly follows?: readonly string[] | undefined;
  /** Events that the program emits, with the field of each that orders it. */
  readonly emits?: Readonly<Record<string, string>> | undefined;
}

/** What every program starts from, whoever runs it. */
export interface ProgramBoot {
  readonly app: string;
  readonly environment: string;
  /** Absolute path of the app module; of no use to a program whose services all have builds. */
  readonly appModule: string;
  /** A unit's name, or `gateway:NAME`. */
  readonly unit: string;
  readonly instance: string;
  /** Number of the unit's release; absent where it runs from source. */
  readonly release?: number | undefined;
  /** Services that this instance runs; for a gateway its backend's name or nothing. */
  readonly services: readonly string[];
  /** Absolute paths of the builds that services are loaded from; the others come from the app's source. */
  readonly builds?: Readonly<Record<string, string>> | undefined;
  /** Where to listen for calls; absent for a gateway. With port 0 any that is free, told when it attaches. */
  readonly address?: Address | undefined;
  /** Of a gateway: where clients reach it. */
  readonly http?: { readonly host: string; readonly port: number } | undefined;
  /** Of a gateway: the folder where the platform keeps the certificates that it orders, and answers to who issues them. */
  readonly domainCertificates?: string | undefined;
  readonly databases: Readonly<Record<string, DatabaseBoot>>;
  /** Of those services that keep something in Redis. */
  readonly redis?: Readonly<Record<string, RedisBoot>> | undefined;
  /** Of those services that declare any; a platform of the version before says nothing. */
  readonly settings?: Readonly<Record<string, SettingsBoot>> | undefined;
  /** Absent where consumers read the logs of producers themselves. */
  readonly broker?: BrokerBoot | undefined;
  /** Private keys as JWK, for those that need them only: `principal` for gateways, `issuer` for the service that issues. */
  readonly keys: {
    readonly principal?: Readonly<Record<string, unknown>>;
    readonly issuer?: Readonly<Record<string, unknown>>;
  };
  /** Of a sidecar: what to start instead of the program that the service declares. `cwd` is an absolute path. */
  readonly program?: { readonly command: readonly string[]; readonly cwd: string } | undefined;
  /** Of the sidecar of an image. */
  readonly image?: ImageBoot | undefined;
  /** What the app sets for calls. */
  readonly policies?: Policies | undefined;
  /** What the app sets for traces. */
  readonly telemetry?: TelemetrySettings | undefined;
  /** Where the platform keeps spans and metrics: `http://127.0.0.1:PORT` or `unix:/path`, without `/v1/…`; they go there beside where `telemetry` has them sent. */
  readonly telemetryStore?: string | undefined;
  /** Adds the codec and freezing to calls inside the process. */
  readonly checked: boolean;
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

/** What the platform writes to descriptor 3 of an instance or gateway before it closes it. */
export interface Boot extends ProgramBoot {
  /** True where programs talk over TCP: it gets a certificate before anything else, and asks others for theirs. */
  readonly mutualTls?: boolean | undefined;
  readonly platform: {
    readonly address: Address;
    readonly token: string;
    /** The key that snapshots are signed with. */
    readonly publicKey: PublicKey;
  };
  /** The first snapshot; the newer of this and the one on disk is used. */
  readonly snapshot: SignedSnapshot;
  /** File that keeps the last good snapshot. */
  readonly snapshotFile: string;
}

/** Files of a certificate, PEM, that somebody else renews: cert-manager, a mesh's agent. */
export interface CertificateFiles {
  readonly key: string;
  readonly certificate: string;
  /** The authorities that others' certificates are checked with. */
  readonly authority: string;
}

/** What a program starts from that no platform runs: everything it will ever be told. */
export interface SelfContainedBoot extends ProgramBoot {
  readonly platform?: undefined;
  /** Trusted as the file is that it came in; it holds for the program's life. */
  readonly placement: Snapshot;
  /** Without them programs talk in the clear, which a mesh or a network of their own must make up for. */
  readonly certificates?: CertificateFiles | undefined;
  /** Where it says over HTTP whether it lives and whether it is ready. A gateway says so at its own port as well, which two copies may share for a moment. */
  readonly health?: { readonly host: string; readonly port: number } | undefined;
  /** Of a unit: its next copy on this machine may listen at the same address beside it. */
  readonly reusePort?: boolean | undefined;
  /** Of a gateway: an owner-only folder in which its next copy on this machine asks it for its port. */
  readonly handover?: string | undefined;
  /** The program brings these databases to where its services need them, and ends. By service. */
  readonly migrate?: Readonly<Record<string, MigrationBoot>> | undefined;
}

/** URLs by which a service's database is made and migrated; secrets. */
export interface MigrationBoot {
  /** As the owner of the database. */
  readonly owner: string;
  /** As the role that instances work with; needed where the database is to be made. */
  readonly app?: string | undefined;
  /** As an administrator with CREATEDB and CREATEROLE: the database and its roles are made when they are missing. */
  readonly admin?: string | undefined;
}

/** What a program starts from. */
export type AnyBoot = Boot | SelfContainedBoot;
