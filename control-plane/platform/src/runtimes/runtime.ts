import type { Boot } from "@kerf/call";
import type { KerfError } from "@kerf/kernel";
import type { ForeignImage } from "./docker/foreign-image.ts";

/**
 * How a process ended. `failed`: it never got to run, or its boot document could not be made. `unknown`: it was not ours to
 * wait for, only to see that it is gone.
 */
export type Exit =
  | { readonly kind: "code"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: string }
  | { readonly kind: "failed"; readonly error: KerfError }
  | { readonly kind: "unknown" };

/** One copy of a unit or a gateway, as it is to be started. */
export interface Launch {
  readonly instance: string;
  /** Which program: the host of a unit, the sidecar of one in another language, that of an image of somebody else, or a gateway. */
  readonly program: "host" | "sidecar" | "image-sidecar" | "gateway";
  /** The image that the sidecar stands beside: the two are one copy. */
  readonly image?: ForeignImage | undefined;
  /** What it can load before its boot document is there. */
  readonly preload: {
    readonly appModule: string;
    readonly services: readonly string[];
    /** Absolute paths of the builds of those that have one. */
    readonly builds?: Readonly<Record<string, string>>;
  };
  /**
   * The document that it starts from; it may be composed while the process is already loading. When it rejects, the process
   * is ended.
   */
  readonly boot: Promise<Boot>;
  /** Resident memory that it may use, bytes; undefined without a limit. */
  readonly memoryBytes?: number | undefined;
  /** Processors that it may use, where the runtime can see to that; undefined for as many as there are. */
  readonly cpus?: number | undefined;
  /** Where its output goes. */
  readonly logFile: string;
  /** It starts beside copies that serve: they get the processors first until it is ready, where the runtime can see to that. */
  readonly yields?: boolean;
}

/** What runs, wherever the runtime put it. */
export interface Running {
  /** By which {@link Runtime.adopt} finds it again after the platform was away; JSON. */
  readonly reference: unknown;
  /** Of this machine; 0 when it has none here. */
  readonly pid: number;
  /** Resolves once, when it has ended. */
  readonly exited: Promise<Exit>;
  /** It is ready, and gives way to nobody any more. */
  ready?(): void;
  /** Asks it to drain and end. */
  terminate(): void;
  /** Ends it at once. */
  kill(): void;
}

/** The port to where instances run: processes of this machine first, containers and clusters behind the same three verbs. */
export interface Runtime {
  /**
   * Starts a copy. `recorded` is awaited before it gets its boot document, so that nothing runs that a platform which
   * comes after could not find.
   */
  start(launch: Launch, recorded: (running: Running) => Promise<void>): Promise<Running>;
  /** Finds a copy again by its reference; undefined when it is gone. */
  adopt(reference: unknown): Running | undefined;
}
