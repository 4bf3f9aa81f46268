// The programs of an app as plain processes of this machine, from the documents of an export: no platform, places that are known beforehand, PostgreSQL by URL. For
// tests; no part of the package.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createCertificateRequest, spiffeId } from "@kerf/call";
import type { BootFile } from "@kerf/call/host";
import { startTemporaryServer, type TemporaryServer } from "@kerf/data/embedded";
import type { AppManifest } from "@kerf/service";
import { programs } from "../../programs.ts";
import { issueCertificate, makeAuthority } from "../../resources/certificates.ts";
import { programEnvironment, programExecArgv } from "../../runtimes/environment.ts";
import { drawnSecrets } from "../drawn-secrets.ts";
import {
  type BootLayout,
  certificateFiles,
  exportedBoot,
  exportedMigration,
  secretNames,
} from "../exported-boot.ts";
import { databasesOf, type ExportedProgram, exportedProgramsOf } from "../exported-programs.ts";
import type { ExportOptions } from "../export-options.ts";

const hour = 3_600_000;

/** A program that was started. */
export interface PlainProgram {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly log: () => string;
}

/** An app without a platform. */
export class PlainApp {
  readonly directory: string;
  readonly exported: readonly ExportedProgram[];
  readonly #manifest: AppManifest;
  readonly #options: ExportOptions;
  readonly #layout: BootLayout;
  readonly #server: TemporaryServer;
  readonly #ports: ReadonlyMap<string, Ports>;
  readonly #started: PlainProgram[] = [];

  private constructor(
    directory: string,
    server: TemporaryServer,
    ports: ReadonlyMap<string, Ports>,
    app: { appModule: string; manifest: AppManifest; options: ExportOptions },
  ) {
    this.directory = directory;
    this.#server = server;
    this.#ports = ports;
    this.#manifest = app.manifest;
    this.#options = app.options;
    this.exported = exportedProgramsOf(app.manifest, app.options);
    this.#layout = {
      find: (unit) => ({ addresses: [`127.0.0.1:${this.portsOf(unit).calls}`] }),
      address: ({ unit }) => `tcp:127.0.0.1:${this.portsOf(unit).calls}`,
      health: ({ unit }) => ({ host: "127.0.0.1", port: this.portsOf(unit).health }),
      http: ({ unit }) => ({ host: "127.0.0.1", port: this.portsOf(unit).calls }),
      build: () => undefined,
      appModule: app.appModule,
      secrets: join(directory, "secrets"),
      certificate: ({ name }) => join(directory, "secrets", "certificates", name),
    };
  }

  /** Draws secrets, makes certificates, starts PostgreSQL; no program of the app yet. */
  static async prepare(appModule: string, manifest: AppManifest): Promise<PlainApp> {
    const directory = await mkdtemp(join(tmpdir(), "kerf-plain-"));
    const server = await startTemporaryServer();
    const units = Object.keys(manifest.units);
    const gateways = manifest.gateways.map(({ name }) => `gateway:${name}`);
    const ports = new Map<string, Ports>();
    for (const unit of [...units, ...gateways])
      ports.set(unit, { calls: await freePort(), health: await freePort() });
    const tags = Object.fromEntries(
      [...units, ...gateways.map((name) => name.replace(":", "-"))].map((name) => [name, "1"]),
    );
    const options = { environment: "plain", registry: "none", replicas: 1, tags };
    const app = new PlainApp(directory, server, ports, { appModule, manifest, options });
    await app.#writeSecrets();
    return app;
  }

  portsOf(unit: string): Ports {
    return this.#ports.get(unit) as Ports;
  }

  /** The programs that bring the databases to where their services need them. */
  migrations(): Promise<PlainProgram[]> {
    const migrating = this.exported.filter((program) => databasesOf(program).length > 0);
    return Promise.all(
      migrating.map((program) =>
        this.#start(
          program,
          `${program.name}-migrate`,
          exportedMigration(program, this.#manifest, this.#options, this.#layout, { admin: true }),
        ),
      ),
    );
  }

  start(unit: string): Promise<PlainProgram> {
    const program = this.exported.find((one) => one.unit === unit) as ExportedProgram;
    const boot = exportedBoot(program, this.#manifest, this.#options, this.#layout);
    return this.#start(program, program.name, boot);
  }

  /** Ends whatever runs, and takes everything away. */
  async end(): Promise<void> {
    for (const { child } of this.#started) child.kill("SIGKILL");
    await Promise.all(this.#started.map(({ exited }) => exited));
    await this.#server.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #start(program: ExportedProgram, name: string, boot: BootFile): Promise<PlainProgram> {
    const file = join(this.directory, `${name}.json`);
    await writeFile(file, JSON.stringify(boot));
    const main = program.gateway === undefined ? programs.host : programs.gateway;
    const child = spawn(process.execPath, [...programExecArgv(), main], {
      env: { ...programEnvironment(), KERF_BOOT_FILE: file },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let log = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (log += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
    const exited = once(child, "close").then(([code]) => code as number | null);
    const started = { child, exited, log: () => log };
    this.#started.push(started);
    return started;
  }

  async #writeSecrets(): Promise<void> {
    const { database, host, password, port, user } = this.#server.server.database.admin();
    const query = `?host=${encodeURIComponent(host)}&port=${port}`;
    const drawn = drawnSecrets(this.#manifest, () => ({ host: "localhost", query }));
    const servers = new Set(this.#manifest.services.map((one) => one.database?.server ?? "main"));
    for (const server of servers)
      drawn[secretNames.admin(server)] =
        `postgres://${user}:${encodeURIComponent(password)}@localhost/${database}${query}`;
    for (const { name, secrets = [] } of this.#manifest.services)
      for (const secret of secrets) drawn[secretNames.setting(name, secret.name)] = "a secret";
    const authority = await makeAuthority("plain", Date.now(), hour);
    for (const { name, unit } of this.exported) {
      const { key, request } = await createCertificateRequest(spiffeId("plain", unit));
      const issue = { authority, request, id: spiffeId("plain", unit) };
      const certificate = await issueCertificate({ ...issue, now: Date.now(), lifeMs: hour });
      drawn[`certificates/${name}/${certificateFiles.key}`] = key;
      drawn[`certificates/${name}/${certificateFiles.certificate}`] = certificate;
      drawn[`certificates/${name}/${certificateFiles.authority}`] = authority.certificate;
    }
    for (const [name, text] of Object.entries(drawn)) {
      const path = join(this.directory, "secrets", name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text, { mode: 0o600 });
    }
  }
}

/** What a program listens on; a gateway only on the first, for its clients. */
interface Ports {
  readonly calls: number;
  readonly health: number;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
