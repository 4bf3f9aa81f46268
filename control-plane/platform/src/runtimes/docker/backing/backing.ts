import type { ErrorShape } from "@kerf/kernel";

/** Where a container has the volume with its data; the program's own folder in it belongs to whom it runs as. */
export const dataVolume = "/var/lib/kerf";
/** The folder in the volume. */
export const dataFolder = `${dataVolume}/data`;

/** A file or folder of this machine that a container sees. */
export interface Mounted {
  readonly from: string;
  readonly to: string;
  readonly isWritable?: boolean;
}

/** Something that an app stands on, and that runs as a container of its own: a database server, a broker. */
export interface Backing {
  /** `postgres-main`, `broker`: how container and volume are called. */
  readonly name: string;
  /** For people: `The PostgreSQL server main`. */
  readonly title: string;
  /** As `kerf logs` names it. */
  readonly source: string;
  readonly logFile: string;
  readonly image: string;
  readonly command: readonly string[];
  /** Nothing secret: everybody who may inspect the container reads them. */
  readonly variables: Readonly<Record<string, string>>;
  readonly mounts: readonly Mounted[];
  /** By which it ends in order. */
  readonly stopSignal: "SIGINT" | "SIGTERM";
  /** Network of Docker; `none` for one that is reached by a socket. */
  readonly network: string;
  /** Port of the container, and the address of this machine where it is reached. */
  readonly published?: { readonly port: number; readonly host: string; readonly hostPort: number };
  /** Memory that it may use, bytes. */
  readonly memoryBytes: number;
  /** Memory that its processes share, bytes. */
  readonly sharedBytes?: number;
  /** The version of what answers; undefined while nothing does. Throws what no waiting helps against. */
  answers(): Promise<string | undefined>;
  /** What is known of a failure by the last lines, and by the version that wrote the data. */
  explain(
    lines: string,
    writtenBy: string | undefined,
  ): Pick<ErrorShape, "why" | "fix"> | undefined;
}
