import { availableParallelism } from "node:os";
import { digestOf } from "../../../images/layer.ts";
import { nanoCpus } from "../container.ts";
import { labels } from "../labels.ts";
import { type Backing, dataVolume } from "./backing.ts";

/** A connection to PostgreSQL is a process; it may have 400. */
const mostProcesses = 1_024;
/** Of `/tmp`, memory, bytes. */
const temporaryBytes = 64 * 1_048_576;

/** Whose a backing container is, and what it is made of. */
export interface BackingPlace {
  /** The platform's home, as a label says it. */
  readonly home: string;
  /** The id of its image. */
  readonly image: string;
  readonly volume: string;
  readonly user: { readonly uid: number; readonly gid: number };
}

/** The container of a backing service as the engine is asked to make it. One that was made otherwise has another label `spec`. */
export function backingSpec(
  backing: Backing,
  place: BackingPlace,
): { readonly body: object; readonly digest: string } {
  const { published, sharedBytes } = backing;
  const port = published && `${published.port}/tcp`;
  const { gid, uid } = place.user;
  const made = {
    Image: place.image,
    Hostname: backing.name,
    User: `${uid}:${gid}`,
    Cmd: backing.command,
    Env: Object.entries(backing.variables).map(([name, value]) => `${name}=${value}`),
    StopSignal: backing.stopSignal,
    ...(port === undefined ? undefined : { ExposedPorts: { [port]: {} } }),
    HostConfig: {
      NetworkMode: backing.network,
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      PidsLimit: mostProcesses,
      LogConfig: { Type: "local", Config: { "max-size": "16m", "max-file": "2" } },
      Memory: backing.memoryBytes,
      MemorySwap: backing.memoryBytes,
      // One processor is left to everything else.
      NanoCpus: nanoCpus(Math.max(1, availableParallelism() - 1)),
      ...(sharedBytes === undefined ? undefined : { ShmSize: sharedBytes }),
      Tmpfs: { "/tmp": `rw,nosuid,mode=1777,size=${temporaryBytes}` },
      Mounts: [
        { Type: "volume", Source: place.volume, Target: dataVolume },
        ...backing.mounts.map(({ from, isWritable, to }) => ({
          Type: "bind",
          Source: from,
          Target: to,
          ReadOnly: isWritable !== true,
        })),
      ],
      ...(published === undefined || port === undefined
        ? undefined
        : {
            PortBindings: {
              [port]: [{ HostIp: published.host, HostPort: String(published.hostPort) }],
            },
          }),
    },
  };
  const digest = digestOf(Buffer.from(JSON.stringify(made)));
  const Labels = {
    [labels.home]: place.home,
    [labels.backing]: backing.name,
    [labels.spec]: digest,
  };
  return { body: { ...made, Labels }, digest };
}
