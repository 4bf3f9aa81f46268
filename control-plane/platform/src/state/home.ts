import { createHash } from "node:crypto";
import { chmodSync, chownSync, lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { KerfError } from "@kerf/kernel";

/** Bytes that the path of a Unix socket may have (sun_path of the smallest system, macOS: 104 with the closing zero). */
const socketPathBytes = 103;
/** The longest name that we put below the run directory: a PostgreSQL socket of a server with a name of 20 characters. */
const longestSocketName = "pg/12345678901234567890/.s.PGSQL.5432";

/** Where everything lies that a platform keeps; `KERF_HOME`. Made with owner-only rights. */
export class Home {
  readonly root: string;
  /** Sockets: below the home, or a short directory of ours when that path would be too long. */
  readonly run: string;

  private constructor(root: string, run: string) {
    this.root = root;
    this.run = run;
  }

  /** Makes what is missing; throws `start_failed` when a directory is not ours. */
  static open(directory: string): Home {
    const root = resolve(directory);
    makeOwn(root);
    const inside = join(root, "run");
    const fits = Buffer.byteLength(join(inside, longestSocketName)) <= socketPathBytes;
    const home = new Home(root, fits ? inside : shortDirectory(root));
    for (const path of [
      inside,
      home.run,
      home.cache,
      home.instances,
      home.keys,
      home.domains,
      home.logs,
      home.snapshots,
      home.state,
      join(root, "backing"),
      join(root, "postgres"),
    ]) {
      makeOwn(path);
    }
    return home;
  }

  /** Bearer token of the control API. */
  get token(): string {
    return join(this.root, "token");
  }
  /** Where the control API of the running platform answers. */
  get platformFile(): string {
    return join(this.root, "platform.json");
  }
  get lock(): string {
    return join(this.root, "platform.lock");
  }
  get keys(): string {
    return join(this.root, "keys");
  }
  /** Certificates of domains with their keys; gateways read them, whether a platform is there or not. */
  get domains(): string {
    return join(this.keys, "domains");
  }
  get logs(): string {
    return join(this.root, "logs");
  }
  /** What only saves time: Kerf's programs as few modules, and compiled code. Whatever is missing is made again. */
  get cache(): string {
    return join(this.root, "cache");
  }
  get snapshots(): string {
    return join(this.root, "snapshots");
  }
  get state(): string {
    return join(this.root, "state");
  }
  /** Records of the processes that run, by which a new platform finds them again. */
  get instances(): string {
    return join(this.root, "run", "instances");
  }
  /** Where instances attach. */
  get socket(): string {
    return join(this.run, "platform.sock");
  }
  /** Where an instance listens. */
  instanceSocket(id: string): string {
    return join(this.run, `${createHash("sha256").update(id).digest("hex").slice(0, 12)}.sock`);
  }
  /** The directory of an embedded PostgreSQL server. */
  postgres(server: string): string {
    return join(this.root, "postgres", server);
  }
  /** The data of an embedded server. */
  postgresData(server: string): string {
    return join(this.postgres(server), "data");
  }
  /** What it prints. */
  postgresLog(server: string): string {
    return join(this.postgres(server), "server.log");
  }
  /** The directory of its socket. */
  postgresSocket(server: string): string {
    return join(this.postgresSockets, server);
  }
  /** What the platform keeps of a backing service that runs as a container: its password, its files, the name of its volume. */
  backing(name: string): string {
    return join(this.root, "backing", name);
  }
  /** Says which volume is its own. */
  backingVolume(name: string): string {
    return join(this.backing(name), "volume");
  }
  /** Says that it has answered once: there may be data from then on. */
  backingMade(name: string): string {
    return join(this.backing(name), "made.json");
  }
  /** What a Redis that we run as a process keeps. */
  get redis(): string {
    return join(this.root, "redis");
  }
  /** What a Redis that we run prints. */
  get redisLog(): string {
    return join(this.redis, "server.log");
  }
  /** The directory of its socket. */
  get redisSocket(): string {
    return join(this.run, "redis");
  }
  get postgresSockets(): string {
    return join(this.run, "pg");
  }
  /** The sockets that containers get to see; there only where units run in containers. */
  get containerSockets(): string {
    return join(this.run, "containers");
  }
  /** Where instances in containers attach. */
  get containerSocket(): string {
    return join(this.containerSockets, "platform.sock");
  }
  /** Where the telemetry store takes OTLP from them. */
  get containerOtlpSocket(): string {
    return join(this.containerSockets, "otlp.sock");
  }
  /** Says that containers of this home may be there; the command line looks for it too. */
  get containersMark(): string {
    return join(this.root, "run", "docker");
  }
  /** Makes the folders that containers share with us; what lies in the one of sockets belongs to who runs in them. */
  openContainerSockets({ gid, uid }: { readonly uid: number; readonly gid: number }): void {
    for (const path of [this.containerSockets, this.postgresSockets, this.redisSocket]) {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      if (process.getuid?.() === 0) chownSync(path, uid, gid);
    }
  }
  snapshot(instance: string): string {
    return join(this.snapshots, `${instance}.json`);
  }
  /** What the telemetry store keeps. */
  get telemetry(): string {
    return join(this.state, "telemetry");
  }
  /** Where it answers queries. */
  get telemetrySocket(): string {
    return join(this.run, "telemetry.sock");
  }
  /** Where it takes OTLP from programs of ours. */
  get telemetryOtlpSocket(): string {
    return join(this.run, "otlp.sock");
  }
  /** By which a new platform finds its process again. */
  get telemetryRecord(): string {
    return join(this.root, "run", "telemetry.json");
  }
  /** The log of a place in a unit: the copies that follow one another there write to the same file. */
  log(slot: string): string {
    return join(this.logs, `${slot}.log`);
  }
}

/** A directory that only we may enter. */
function makeOwn(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const info = lstatSync(path);
    if (!info.isDirectory()) throw new Error("it is not a directory");
    if (process.getuid !== undefined && info.uid !== process.getuid()) {
      throw new Error(`it belongs to user ${info.uid}, and we are user ${process.getuid()}`);
    }
    if ((info.mode & 0o077) !== 0) chmodSync(path, 0o700);
  } catch (cause) {
    throw new KerfError("start_failed", {
      message: `Kerf cannot keep its state in ${path}.`,
      why: (cause as Error).message,
      fix: "Give another directory by KERF_HOME, or make this one yours.",
      cause,
    });
  }
}

/** The same short directory for the same home, so that a new platform finds what the one before left. */
function shortDirectory(root: string): string {
  const name = createHash("sha256").update(root).digest("hex").slice(0, 12);
  const path = join(tmpdir(), `kerf-${process.getuid?.() ?? 0}-${name}`);
  if (Buffer.byteLength(join(path, longestSocketName)) <= socketPathBytes) return path;
  return join("/tmp", `kerf-${process.getuid?.() ?? 0}-${name}`);
}
