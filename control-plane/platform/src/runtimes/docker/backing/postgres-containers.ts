import { mkdirSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { type ConnectionConfig, DatabaseServer, withConnection } from "@kerf/data";
import { serverParameters } from "@kerf/data/embedded";
import { toKerfError } from "@kerf/kernel";
import type { OpenedServer } from "../../../resources/kept-server.ts";
import type { PostgresContainers } from "../../../resources/postgres-server.ts";
import { type Backing, dataFolder } from "./backing.ts";
import { BackingContainer, type BackingSurroundings } from "./backing-container.ts";
import { giveTo, keptFile, keptPassword } from "./mounted-files.ts";

/** Where the images of PostgreSQL's makers have their socket, and their tools look for it. */
const socketFolder = "/var/run/postgresql";
const passwordFile = "/run/secrets/postgres-password";
const superuser = "postgres";
const port = 5432;
/** Where the server listens that the image starts for its first start alone: whoever met that one would lose it a moment later. */
const firstStartPort = 5433;
/** Memory of a server: a quarter of the machine's, and at least this, bytes. */
const leastBytes = 1_073_741_824;
/** Of `/dev/shm`, bytes; Docker's own 64 MB are too few for some queries. */
const sharedBytes = 268_435_456;

/** PostgreSQL servers as containers, reached by the same socket as embedded ones; they are on no network. */
export class PostgresInContainers implements PostgresContainers {
  readonly image: string;
  readonly #around: BackingSurroundings;
  readonly #imageId: () => Promise<string>;

  constructor(image: string, imageId: () => Promise<string>, around: BackingSurroundings) {
    this.image = image;
    this.#imageId = imageId;
    this.#around = around;
  }

  async open(name: string, signal: AbortSignal): Promise<OpenedServer<DatabaseServer>> {
    const { home, user } = this.#around;
    const folder = home.backing(`postgres-${name}`);
    const socket = home.postgresSocket(name);
    for (const path of [folder, home.postgres(name), socket])
      mkdirSync(path, { recursive: true, mode: 0o700 });
    const files = { password: join(folder, "password"), users: join(folder, "passwd") };
    const password = await keptPassword(files.password);
    await keptFile(files.users, usersOf(user));
    giveTo(user, socket, files.password, files.users);
    const server = new DatabaseServer(name, {
      host: socket,
      port,
      database: "postgres",
      user: superuser,
      password,
    });
    const backing = this.#backing(name, { ...files, socket }, server.admin());
    const container = new BackingContainer(backing, this.#around);
    return { value: server, running: await container.open(await this.#imageId(), signal) };
  }

  #backing(
    name: string,
    files: { readonly password: string; readonly users: string; readonly socket: string },
    admin: ConnectionConfig,
  ): Backing {
    const { image } = this;
    return {
      name: `postgres-${name}`,
      title: `The PostgreSQL server ${name}`,
      source: `postgres:${name}`,
      logFile: this.#around.home.postgresLog(name),
      image,
      command: ["postgres", ...settings()],
      variables: {
        PGDATA: dataFolder,
        PGPORT: String(firstStartPort),
        POSTGRES_PASSWORD_FILE: passwordFile,
        // Otherwise the image would let in whoever comes by the socket.
        POSTGRES_INITDB_ARGS: "--auth=scram-sha-256 --encoding=UTF8 --locale=C",
      },
      mounts: [
        { from: files.password, to: passwordFile },
        // initdb asks what its user is called, and the image does not know ours.
        { from: files.users, to: "/etc/passwd" },
        { from: files.socket, to: socketFolder, isWritable: true },
      ],
      stopSignal: "SIGINT",
      network: "none",
      memoryBytes: Math.max(leastBytes, Math.floor(totalmem() / 4)),
      sharedBytes,
      answers: () => versionOf(admin),
      explain: (lines, writtenBy) => explain(name, image, lines, writtenBy),
    };
  }
}

/** The settings of an embedded server, but for what PostgreSQL 17 does not know. */
function settings(): string[] {
  const all = { ...serverParameters({}, socketFolder), port: String(port) };
  return Object.entries(all)
    .filter(([name]) => name !== "io_method")
    .flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

function usersOf({ gid, uid }: { uid: number; gid: number }): string {
  return `root:x:0:0::/:/bin/sh\npostgres:x:${uid}:${gid}::/tmp:/bin/sh\n`;
}

async function versionOf(admin: ConnectionConfig): Promise<string | undefined> {
  try {
    return await withConnection(admin, "kerf/start", async (client) => {
      const { rows } = await client.query<{ server_version: string }>("SHOW server_version");
      return rows[0]?.server_version;
    });
  } catch (thrown) {
    // Its socket is not there yet, or it says that it is starting up.
    if (toKerfError(thrown).code !== "forbidden") return undefined;
    throw thrown;
  }
}

function explain(
  name: string,
  image: string,
  lines: string,
  writtenBy: string | undefined,
): ReturnType<Backing["explain"]> {
  if (/not compatible|incompatible/i.test(lines)) {
    const major = writtenBy?.split(".")[0];
    const old = major === undefined ? "another version" : `PostgreSQL ${major}`;
    return {
      why: `Its data were written by ${old}, and a data directory belongs to one version; ${image} is another.`,
      fix: `Start with the image that wrote them: --postgres docker:postgres:${major ?? "VERSION"}. To go on with a newer one, run that beside it and move each database: kerf db move SERVICE --to-file FILE.`,
    };
  }
  if (/No space left on device/i.test(lines))
    return { why: lines, fix: "Free disk space where Docker keeps its volumes: docker system df" };
  if (/Permission denied|wrong ownership/i.test(lines))
    return {
      why: lines,
      fix: "Start the platform as the user that it was started as before: its containers run as that user, and the data are theirs.",
    };
  if (/executable file not found|no such file or directory/i.test(lines))
    return {
      why: lines,
      fix: `Name an image that is started as that of PostgreSQL's makers is, such as docker:postgres:18: ${image} is not (server ${name}).`,
    };
  return undefined;
}
