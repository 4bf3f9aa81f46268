import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  applySystemSchema,
  type ConnectionConfig,
  type ProvisionedService,
  provisionService,
  type SystemMigration,
} from "@kerf/data";
import { EmbeddedServer } from "@kerf/data/embedded";
import { systemSchema } from "@kerf/service";

/** A PostgreSQL as users get it from us, on a disk and with fsync on; gone with all its data when it is stopped. */
export class DurableServer {
  readonly #server: EmbeddedServer;
  readonly #directory: string;

  private constructor(server: EmbeddedServer, directory: string) {
    this.#server = server;
    this.#directory = directory;
  }

  static async start(): Promise<DurableServer> {
    const directory = await mkdtemp(join(tmpdir(), "kerf-bench-pg-"));
    const server = await EmbeddedServer.start({
      directory: join(directory, "server"),
      socketDirectory: join(directory, "s"),
    });
    return new DurableServer(server, directory);
  }

  /** A service's database with the platform's tables and what is given besides. */
  async provision(service: string, own: string): Promise<ProvisionedService> {
    const passwords = { owner: "owner", app: "app" };
    const provisioned = await provisionService(this.#server.database, { service, passwords });
    const schema: readonly SystemMigration[] = [...systemSchema, { name: "bench-0001", sql: own }];
    await applySystemSchema(provisioned.owner, schema);
    return provisioned;
  }

  /** As its administrator, without the limits of roles: what does not know of our roles works so. */
  administrator({ owner }: ProvisionedService): ConnectionConfig {
    return this.#server.database.admin(owner.database);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
