import { heapOption } from "../process.ts";
import type { Launch } from "../runtime.ts";
import { labels } from "./labels.ts";
import { memoryKillFactor } from "../../supervisor/memory-limits.ts";
import { programFolder, programPath } from "../../images/program-layer.ts";
import { nodePath, runFolder } from "../../images/base-layer.ts";

/** Where things of the platform are in a container. */
export const mounted = {
  /** The sockets of the platform and of what keeps telemetry. */
  sockets: `${runFolder}/platform`,
  /** The folders of PostgreSQL's sockets. */
  postgres: `${runFolder}/postgres`,
  /** The folder of the socket of Redis. */
  redis: `${runFolder}/redis`,
  builds: `${programFolder}/builds`,
  snapshot: `${runFolder}/snapshot.json`,
} as const;

/** Processes and threads that a container may have; Node begins with a dozen. */
const mostProcesses = 512;
/** Memory of the sidecar of an image, bytes: three times what one uses under load. What the image may use is its own limit. */
const sidecarBytes = 268_435_456;
/** What may lie in the folders that a program writes to, bytes: the last placement, and temporary files. Memory, both. */
const writableBytes = { run: 32 * 1_048_576, temporary: 128 * 1_048_576 };

/** How much of the processors a container gets beside others where all are busy: the engine's usual weight, and that of one that starts beside copies that serve. */
export const shares = { usual: 1_024, yielding: 102 } as const;

/** What all containers of a platform have in common. */
export interface ContainerSurroundings {
  /** The image that they run. */
  readonly image: string;
  readonly network: string;
  /** The platform's home, as a label says it. */
  readonly home: string;
  readonly user: { readonly uid: number; readonly gid: number };
  /** Folders of this machine. */
  readonly sockets: string;
  readonly postgres: string;
  readonly redis: string;
}

/** A container as the engine is asked to make it. Nothing in it is secret: everybody who may inspect it reads it. */
export function containerOf(
  { cpus, image: foreign, instance, memoryBytes: most, preload, program, yields }: Launch,
  around: ContainerSurroundings,
): object {
  const memoryBytes = foreign === undefined ? most : sidecarBytes;
  const { home, image, network, postgres, redis, sockets, user } = around;
  const builds = Object.entries(preload.builds ?? {});
  const ids = `uid=${user.uid},gid=${user.gid}`;
  return {
    Image: image,
    Hostname: instance,
    User: `${user.uid}:${user.gid}`,
    Labels: { [labels.home]: home, [labels.instance]: instance },
    Entrypoint: [nodePath, ...heapOption(memoryBytes), programPath(program)],
    Cmd: [
      instance,
      programFolder,
      ...preload.services.map((name) => `${name}=${mounted.builds}/${name}`),
    ],
    Env: ["PATH=/usr/bin", "KERF_BOOT_FILE=/dev/stdin", ...ofThisMachine()],
    // The boot document comes there, once; then it is closed.
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    StopSignal: "SIGTERM",
    HostConfig: {
      NetworkMode: network,
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      PidsLimit: mostProcesses,
      // The supervisor starts anew, and knows why.
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "local", Config: { "max-size": "16m", "max-file": "2" } },
      ...(yields === true ? { CpuShares: shares.yielding } : undefined),
      ...(cpus === undefined ? undefined : { NanoCpus: nanoCpus(cpus) }),
      // Beyond its limit a copy is exchanged; far beyond, the system ends it.
      ...(memoryBytes === undefined
        ? undefined
        : {
            Memory: Math.ceil(memoryBytes * memoryKillFactor),
            MemorySwap: Math.ceil(memoryBytes * memoryKillFactor),
          }),
      Tmpfs: {
        [runFolder]: `rw,nosuid,noexec,mode=0700,size=${writableBytes.run},${ids}`,
        "/tmp": `rw,nosuid,mode=1777,size=${writableBytes.temporary}`,
      },
      Mounts: [
        bind(sockets, mounted.sockets),
        bind(postgres, mounted.postgres),
        bind(redis, mounted.redis),
        ...builds.map(([name, directory]) => bind(directory, `${mounted.builds}/${name}`)),
      ],
    },
  };
}

/** Processors as the engine counts them. */
export function nanoCpus(cpus: number): number {
  return Math.round(cpus * 1e9);
}

function bind(from: string, to: string): object {
  return { Type: "bind", Source: from, Target: to, ReadOnly: true };
}

/** What decides how times and texts are shown. */
function ofThisMachine(): string[] {
  return ["TZ", "LANG"].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [`${name}=${value}`];
  });
}
