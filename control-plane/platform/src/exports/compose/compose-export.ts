import { type BootLayout, exportedBoot, exportedMigration, secretNames } from "../exported-boot.ts";
import type { AppManifest } from "@kerf/service";
import { drawnSecrets, password } from "../drawn-secrets.ts";
import {
  containerPaths,
  containerPorts,
  containerUser,
  type ExportOptions,
  stopSeconds,
} from "../export-options.ts";
import {
  databasesOf,
  type ExportedProgram,
  exportedProgramsOf,
  hasBroker,
  inRedisOf,
} from "../exported-programs.ts";
import { migrationSecrets, secretsOf, serversOf } from "../wanted-secrets.ts";
import { documentYaml } from "../kubernetes/manifest.ts";
import {
  besideInCompose,
  besideOf,
  imageService,
  networksFor,
  sidecarOf,
} from "./image-service.ts";

/** What is decided for an export to Compose. */
export interface ComposeOptions extends ExportOptions {
  /** The image of PostgreSQL that servers run which the app does not have by URL. */
  readonly postgresImage: string;
  /** First port of the machine that gateways are reached at. */
  readonly port: number;
}

/** Files by their path below the folder of the export; those of secrets are for their owner only. */
export interface ComposeExport {
  readonly files: Readonly<Record<string, string>>;
  /** Drawn once: what is there already stays. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Those among them that were given now, and take the place of what is there. */
  readonly given: readonly string[];
}

/** A network that leads out, for what is none of the app's. */
const outside = "outside";
/** Names of networks: each unit has one, that those join who call it. */
const networkOf = (unit: string): string => `calls-${unit}`;

/**
 * An app for Compose, without anything of Kerf's platform: a program in a container each, networks by who uses whom, PostgreSQL, and a run of the migrations
 * before all of them. Throws `invalid_configuration`.
 */
export function composeExport(app: AppManifest, options: ComposeOptions): ComposeExport {
  const programs = exportedProgramsOf(app, options);
  const { calls, health, http } = containerPorts;
  const layout: BootLayout = {
    find: (unit) => ({ dns: { host: unit, port: calls } }),
    address: () => `tcp:0.0.0.0:${calls}`,
    health: () => ({ host: "127.0.0.1", port: health }),
    http: () => ({ host: "0.0.0.0", port: http }),
    build: (service) => `${containerPaths.builds}/${service}`,
    secrets: containerPaths.secrets,
    certificate: () => undefined,
    beside: besideInCompose,
  };
  const files: Record<string, string> = {};
  const services: Record<string, unknown> = {};
  const secretFiles = new Set<string>();
  const servers = [
    ...new Set(
      app.services.flatMap(({ database }) => (database === undefined ? [] : [database.server])),
    ),
  ].toSorted();
  for (const server of servers) {
    secretFiles.add(serverPassword(server));
    services[`postgres-${server}`] = postgresService(server, options);
  }
  for (const program of programs) {
    const boot = exportedBoot(program, app, options, layout);
    files[`boot/${program.name}.json`] = json(boot);
    for (const name of secretsOf(program, options)) secretFiles.add(name);
    const migrates = databasesOf(program).length > 0;
    if (migrates) {
      files[`boot/${program.name}-migrate.json`] = json(
        exportedMigration(program, app, options, layout, { admin: true }),
      );
      const wanted = migrationSecrets(program);
      for (const name of wanted) secretFiles.add(name);
      services[`${program.name}-migrate`] = {
        ...container(program, `${program.name}-migrate`, wanted),
        restart: "on-failure:5",
        networks: serversOf(program).map((server) => networkOf(`postgres-${server}`)),
        depends_on: Object.fromEntries(
          serversOf(program).map((server) => [
            `postgres-${server}`,
            { condition: "service_healthy" },
          ]),
        ),
      };
    }
    services[program.name] = {
      ...container(program, program.name, secretsOf(program, options)),
      restart: "unless-stopped",
      stop_grace_period: `${stopSeconds}s`,
      healthcheck: healthcheck(program),
      ...(program.gateway === undefined
        ? undefined
        : {
            ports: [
              `${options.port + programs.filter((one) => one.gateway !== undefined).indexOf(program)}:${http}`,
            ],
          }),
      networks: networksFor(program, [
        ...(program.gateway === undefined ? [networkOf(program.unit)] : ["front"]),
        ...program.calls.map(networkOf),
        ...serversOf(program).map((server) => networkOf(`postgres-${server}`)),
        ...(reachesOut(program, app, options) ? [outside] : []),
      ]),
      ...dependsOn({
        ...(migrates
          ? { [`${program.name}-migrate`]: { condition: "service_completed_successfully" } }
          : undefined),
        // Ended in the other order: the program when nothing is in flight any more.
        ...(program.foreign === undefined
          ? undefined
          : { [`${program.name}-program`]: { condition: "service_started" } }),
      }),
    };
    if (program.foreign === undefined) continue;
    services[`${program.name}-program`] = imageService(program, program.foreign, secretId);
    for (const name of program.foreign.settings.secrets)
      secretFiles.add(secretNames.setting(program.name, name));
  }
  const drawn = drawnSecrets(app, (server) => ({
    host: `postgres-${server}:5432`,
    query: "?sslmode=disable",
  }));
  for (const server of servers) {
    const secret = password();
    drawn[serverPassword(server)] = secret;
    drawn[secretNames.admin(server)] =
      `postgres://postgres:${secret}@postgres-${server}:5432/postgres?sslmode=disable`;
  }
  const document = {
    name: app.app,
    services,
    networks: networksOf(
      programs,
      servers,
      programs.some((program) => reachesOut(program, app, options)),
    ),
    volumes: Object.fromEntries(servers.map((server) => [`postgres-${server}`, {}])),
    secrets: Object.fromEntries(
      [...secretFiles].toSorted().map((name) => [secretId(name), { file: `./secrets/${name}` }]),
    ),
  };
  files["compose.yaml"] = documentYaml(document, [
    {
      at: ["networks"],
      text: "One for each program that is called, which those join who use it: nobody else reaches it. Gateways are on one that leads out, and who needs what is none of the app's.",
    },
    {
      at: ["secrets"],
      text: "Files that were drawn with the first export, for their owner only. What you bring yourself lies there empty: fill it.",
    },
  ]);
  const given = options.brokerLogin === undefined ? [] : [secretNames.broker];
  if (options.brokerLogin !== undefined) drawn[secretNames.broker] = options.brokerLogin;
  const filled = Object.fromEntries([...secretFiles].map((name) => [name, drawn[name] ?? ""]));
  return { files, secrets: filled, given };
}

function container(program: ExportedProgram, boot: string, secrets: readonly string[]): object {
  const { foreign } = program;
  return {
    ...(foreign === undefined ? { image: program.image } : sidecarOf(foreign, boot)),
    user: `\${KERF_USER:-${containerUser}:${containerUser}}`,
    read_only: true,
    tmpfs: containerPaths.scratch.map((path) => `${path}:mode=1777,size=64m`),
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    mem_limit: program.memoryBytes ?? (foreign === undefined ? "384m" : "256m"),
    ...(program.cpus === undefined ? undefined : { cpus: program.cpus }),
    pids_limit: 256,
    environment: { KERF_BOOT_FILE: containerPaths.boot },
    volumes: [`./boot/${boot}.json:${containerPaths.boot}:ro`],
    secrets: secrets.map((name) => ({
      source: secretId(name),
      target: `${containerPaths.secrets}/${name}`,
    })),
  };
}

function postgresService(server: string, { postgresImage }: ComposeOptions): object {
  return {
    image: postgresImage,
    restart: "unless-stopped",
    environment: { POSTGRES_PASSWORD_FILE: `/run/secrets/${secretId(serverPassword(server))}` },
    secrets: [secretId(serverPassword(server))],
    shm_size: "256m",
    volumes: [`postgres-${server}:/var/lib/postgresql`],
    networks: [networkOf(`postgres-${server}`)],
    healthcheck: {
      test: ["CMD", "pg_isready", "-U", "postgres", "-h", "127.0.0.1"],
      interval: "2s",
      timeout: "3s",
      retries: 60,
    },
    stop_grace_period: "60s",
  };
}

/** Asked by Node itself: images hold no shell and no curl. */
function healthcheck({ gateway }: ExportedProgram): object {
  const port = gateway === undefined ? containerPorts.health : containerPorts.http;
  const script = `fetch("http://127.0.0.1:${port}/health/ready").then((r)=>process.exit(r.ok?0:1),()=>process.exit(1))`;
  return {
    test: ["CMD", "node", "-e", script],
    interval: "10s",
    timeout: "5s",
    retries: 3,
    start_period: "120s",
  };
}

/** Whether a program needs what is none of the app's: a broker, Redis, or who takes telemetry. Gateways are on a network that leads out anyway. */
function reachesOut(program: ExportedProgram, app: AppManifest, options: ComposeOptions): boolean {
  const otlp = options.otlp ?? app.telemetry?.otlp?.endpoint;
  if (program.gateway !== undefined) return false;
  return hasBroker(program, options) || inRedisOf(program).length > 0 || otlp !== undefined;
}

function networksOf(
  programs: readonly ExportedProgram[],
  servers: readonly string[],
  leadsOut: boolean,
): object {
  const inner = [
    ...programs.filter(({ gateway }) => gateway === undefined).map(({ unit }) => unit),
    ...servers.map((server) => `postgres-${server}`),
  ];
  return {
    front: {},
    ...(leadsOut ? { [outside]: {} } : undefined),
    // The program of an image may need what is outside of the app, as on any other network of Docker's.
    ...Object.fromEntries(
      programs.flatMap(({ foreign, name }) =>
        foreign === undefined ? [] : [[besideOf(name), {}]],
      ),
    ),
    ...Object.fromEntries(inner.map((name) => [networkOf(name), { internal: true }])),
  };
}

function dependsOn(others: Readonly<Record<string, object>>): object {
  return Object.keys(others).length === 0 ? {} : { depends_on: others };
}

function serverPassword(server: string): string {
  return `database/postgres-${server}-password`;
}

function secretId(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9]+/g, "-");
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}
