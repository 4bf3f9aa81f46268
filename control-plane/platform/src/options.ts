import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { LogLevel } from "@kerf/telemetry";
import { KerfError } from "@kerf/kernel";
import { type CertificateLives, certificateLives } from "./resources/certificate-lives.ts";

/** What a platform process is started with. */
export interface PlatformOptions {
  /** Absolute path of the app module. */
  readonly app: string;
  /** Directory of the state, `KERF_HOME`. */
  readonly home: string;
  /** Where gateways listen. */
  readonly host: string;
  /** Port of the first gateway, the next ones follow; 0 takes any that is free. */
  readonly port: number;
  /** Port of the control API; 0 takes any that is free. */
  readonly platformPort: number;
  /** `none`, `all` or names of services; undefined takes the placement that the app declares. */
  readonly cut: string | undefined;
  /** Copies of each unit, 1 to 8. */
  readonly replicas: number;
  /** URL of the broker that carries events, or a file that has it; undefined without one. */
  readonly broker: string | undefined;
  /** The image of the broker that runs as a container. */
  readonly brokerImage?: string | undefined;
  /** The image of the PostgreSQL servers that run as containers; undefined for embedded ones. */
  readonly postgresImage?: string | undefined;
  /** URL of the Redis that somebody else runs, or a file that has it; undefined for one of our own, where a service needs one. */
  readonly redis?: string | undefined;
  /** The image of the Redis that runs as a container. */
  readonly redisImage?: string | undefined;
  /** What programs talk over: Unix sockets of this machine, or TCP on 127.0.0.1 with mutual TLS. */
  readonly network: "unix" | "tcp";
  /** What units are: processes, or containers of Docker, which talk over TCP. */
  readonly runtime: "process" | "docker";
  /** Over TCP: how long certificates hold. */
  readonly lives: CertificateLives;
  readonly environment: string;
  /** Where the master key of secrets lies; undefined takes the default, outside of `home`. */
  readonly masterKeyFile?: string | undefined;
  /** Start again what a changed file belongs to. */
  readonly watch: boolean;
  /** Runs releases, which are made from the app at the first start, and not its source. */
  readonly releases: boolean;
  readonly logLevel: LogLevel;
}

/** Reads the command line; throws `invalid_configuration` naming the option. */
export function parseOptions(argv: readonly string[]): PlatformOptions {
  const { values } = read(argv);
  if (values.app === undefined) throw wrong("--app", "names the app module");
  if (values.home === undefined) throw wrong("--home", "names the directory of the state");
  const environment = values.environment ?? "dev";
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(environment))
    throw wrong("--environment", 'is lower-case letters, digits and "-"');
  const logLevel = values["log-level"] ?? "info";
  if (!["debug", "info", "warn", "error"].includes(logLevel))
    throw wrong("--log-level", "is debug, info, warn or error");
  const network = values.network ?? "unix";
  if (network !== "unix" && network !== "tcp") throw wrong("--network", "is unix or tcp");
  const runtime = values.runtime ?? "process";
  if (runtime !== "process" && runtime !== "docker")
    throw wrong("--runtime", "is process or docker");
  if (runtime === "docker" && values.releases !== true)
    throw wrong(
      "--runtime docker",
      "needs builds: kerf up makes them, and kerf dev runs the source",
    );
  const brokerImage = containerImage(values.broker, usualImages.broker);
  const postgresImage = containerImage(values.postgres, usualImages.postgres);
  const redisImage = containerImage(values.redis, usualImages.redis);
  if (values.postgres !== undefined && postgresImage === undefined)
    throw wrong(
      "--postgres",
      "is docker, or docker:IMAGE; a server of your own is named by the app",
    );
  const asContainer = [
    ["--postgres docker", postgresImage],
    ["--broker docker", brokerImage],
    ["--redis docker", redisImage],
  ].find(([, image]) => image !== undefined);
  if (runtime !== "docker" && asContainer !== undefined)
    throw wrong(
      String(asContainer[0]),
      "needs units that are containers: kerf up --runtime docker",
    );
  return {
    app: resolve(values.app),
    home: resolve(values.home),
    host: values.host ?? "127.0.0.1",
    port: port("--port", values.port ?? "8080"),
    platformPort: port("--platform-port", values["platform-port"] ?? "8090"),
    cut: values.cut,
    replicas: replicas(values.replicas ?? "1"),
    broker: brokerImage === undefined ? values.broker : undefined,
    brokerImage,
    postgresImage,
    redis: redisImage === undefined ? values.redis : undefined,
    redisImage,
    network: runtime === "docker" ? "tcp" : network,
    runtime,
    lives: lives(values),
    environment,
    watch: values["no-watch"] !== true && values.releases !== true && environment === "dev",
    releases: values.releases === true,
    masterKeyFile: masterKeyFile(values["master-key-file"]),
    logLevel: logLevel as LogLevel,
  };
}

function read(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        app: { type: "string" },
        home: { type: "string" },
        host: { type: "string" },
        port: { type: "string" },
        "platform-port": { type: "string" },
        cut: { type: "string" },
        replicas: { type: "string" },
        broker: { type: "string" },
        postgres: { type: "string" },
        redis: { type: "string" },
        network: { type: "string" },
        runtime: { type: "string" },
        "certificate-life": { type: "string" },
        "authority-life": { type: "string" },
        environment: { type: "string" },
        "master-key-file": { type: "string" },
        "log-level": { type: "string" },
        "no-watch": { type: "boolean" },
        releases: { type: "boolean" },
      },
    });
  } catch (cause) {
    throw new KerfError("invalid_configuration", {
      message: (cause as Error).message.split(". ")[0] ?? "The command line cannot be read.",
      fix: "Options: --app PATH --home DIR [--host H] [--port N] [--platform-port N] [--cut none|all|a,b] [--replicas N] [--broker URL|FILE|docker[:IMAGE]] [--postgres docker[:IMAGE]] [--redis URL|FILE|docker[:IMAGE]] [--network unix|tcp] [--runtime process|docker] [--certificate-life SECONDS] [--authority-life SECONDS] [--environment NAME] [--master-key-file FILE] [--log-level L] [--no-watch] [--releases]",
      cause,
    });
  }
}

/** The images that run where none is named: those of their makers, the newest of a version that is tested. */
const usualImages = { broker: "nats:2.12", postgres: "postgres:18", redis: "redis:7.4" };

/** The image that `docker` or `docker:IMAGE` means; undefined for anything else. */
function containerImage(setting: string | undefined, usual: string): string | undefined {
  if (setting === "docker") return usual;
  return setting?.startsWith("docker:") === true ? setting.slice("docker:".length) : undefined;
}

/** A path is no secret: it may come by the environment, where `kerf dev` leaves it. */
function masterKeyFile(given: string | undefined): string | undefined {
  const file = given ?? process.env["KERF_MASTER_KEY_FILE"];
  return file === undefined || file === "" ? undefined : resolve(file);
}

function port(option: string, text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw wrong(option, "is a port from 0 to 65535");
  return Number(text);
}

/** An authority has to outlive what it signed before its successor did: half of its life is at least one and a half of a certificate's. */
function lives(values: {
  "certificate-life"?: string | undefined;
  "authority-life"?: string | undefined;
}): CertificateLives {
  const { certificateMs, authorityMs } = certificateLives;
  const chosen = {
    certificateMs: life("--certificate-life", values["certificate-life"], certificateMs),
    authorityMs: life("--authority-life", values["authority-life"], authorityMs),
  };
  if (chosen.authorityMs < 3 * chosen.certificateMs)
    throw wrong("--authority-life", "is at least three times --certificate-life");
  return chosen;
}

/** Seconds on the command line, from 2 s to ten years, as milliseconds. */
function life(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const seconds = Number(text);
  if (!/^\d{1,9}$/.test(text) || seconds < 2 || seconds > 315_360_000)
    throw wrong(option, "is a number of seconds from 2 to 315360000");
  return seconds * 1_000;
}

/** More than eight copies of everything on one machine only wait for each other. */
function replicas(text: string): number {
  if (!/^[1-8]$/.test(text)) throw wrong("--replicas", "is a number from 1 to 8");
  return Number(text);
}

function wrong(option: string, what: string): KerfError {
  return new KerfError("invalid_configuration", {
    message: `${option} ${what}.`,
    fix: "Correct the command line.",
  });
}
