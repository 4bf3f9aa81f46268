import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  firstUsers,
  RedisConnection,
  redisConfiguration,
  type RedisLogin,
  redisMemoryBytes,
  redisVersion,
} from "@kerf/data/redis";
import { toKerfError } from "@kerf/kernel";
import type { OpenedServer } from "../../../resources/kept-server.ts";
import type { RedisContainer } from "../../../resources/redis/redis-source.ts";
import { readText, writeWhole } from "../../../state/json-file.ts";
import { type Backing, dataFolder } from "./backing.ts";
import { BackingContainer, type BackingSurroundings } from "./backing-container.ts";
import { giveTo, keptFile } from "./mounted-files.ts";

/** Where the container finds what it is to do, whom it lets in, and makes its socket. */
const configuration = "/etc/kerf-redis.conf";
const usersFolder = "/var/lib/kerf-users";
const socketFolder = "/var/run/kerf-redis";
const usersFile = "users.acl";
const socketFile = "redis.sock";

/** Redis as a container, reached by the same socket as a process; it is on no network. */
export class RedisInContainer implements RedisContainer {
  readonly image: string;
  readonly #around: BackingSurroundings;
  readonly #imageId: () => Promise<string>;

  constructor(image: string, imageId: () => Promise<string>, around: BackingSurroundings) {
    this.image = image;
    this.#imageId = imageId;
    this.#around = around;
  }

  async open(adminPassword: string, signal: AbortSignal): Promise<OpenedServer<RedisLogin>> {
    const { home, user } = this.#around;
    const folder = home.backing("redis");
    const users = join(folder, "users");
    const socket = home.redisSocket;
    for (const path of [folder, users, socket, home.redis])
      mkdirSync(path, { recursive: true, mode: 0o700 });
    const file = join(folder, "redis.conf");
    await keptFile(
      file,
      redisConfiguration({
        data: dataFolder,
        socket: `${socketFolder}/${socketFile}`,
        users: `${usersFolder}/${usersFile}`,
      }),
    );
    // Whom it has let in since then it keeps there itself.
    const known = join(users, usersFile);
    if ((readText(known) ?? "") === "") await writeWhole(known, firstUsers(adminPassword));
    giveTo(user, socket, file, users, known);
    const login: RedisLogin = {
      socket: { path: join(socket, socketFile), tls: false },
      username: "default",
      password: adminPassword,
    };
    const backing = this.#backing({ file, socket, users }, login);
    const container = new BackingContainer(backing, this.#around);
    return { value: login, running: await container.open(await this.#imageId(), signal) };
  }

  #backing(
    files: { readonly file: string; readonly socket: string; readonly users: string },
    login: RedisLogin,
  ): Backing {
    const { image } = this;
    return {
      name: "redis",
      title: "Redis",
      source: "redis",
      logFile: this.#around.home.redisLog,
      image,
      command: ["redis-server", configuration],
      variables: {},
      mounts: [
        { from: files.file, to: configuration },
        { from: files.users, to: usersFolder, isWritable: true },
        { from: files.socket, to: socketFolder, isWritable: true },
      ],
      stopSignal: "SIGTERM",
      network: "none",
      // A rewrite of its file may take as much again.
      memoryBytes: 2 * redisMemoryBytes,
      answers: () => versionOf(login),
      explain: (lines, writtenBy) => explain(image, lines, writtenBy),
    };
  }
}

async function versionOf(login: RedisLogin): Promise<string | undefined> {
  try {
    const connection = await RedisConnection.open(login);
    try {
      return await redisVersion(connection);
    } finally {
      connection.close();
    }
  } catch (thrown) {
    // Its socket is not there yet, or it reads its data.
    if (toKerfError(thrown).code !== "forbidden") return undefined;
    throw thrown;
  }
}

function explain(
  image: string,
  lines: string,
  writtenBy: string | undefined,
): ReturnType<Backing["explain"]> {
  if (/can't handle RDB format version/i.test(lines)) {
    const version = writtenBy ?? "VERSION";
    return {
      why: `Its data were written by ${writtenBy === undefined ? "a newer version" : `Redis ${writtenBy}`}, and ${image} is older.`,
      fix: `Start with an image that is as new as that: --redis docker:redis:${version}`,
    };
  }
  if (/No space left on device/i.test(lines))
    return { why: lines, fix: "Free disk space where Docker keeps its volumes: docker system df" };
  if (/Permission denied/i.test(lines))
    return {
      why: lines,
      fix: "Start the platform as the user that it was started as before: its containers run as that user, and the data are theirs.",
    };
  if (/executable file not found|no such file or directory/i.test(lines))
    return {
      why: lines,
      fix: `Name an image that is started as that of Redis is, such as docker:redis:7.4: ${image} is not.`,
    };
  return undefined;
}
