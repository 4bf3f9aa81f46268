import { fileURLToPath } from "node:url";
import type { ProgressEvent } from "@kerf/control-api";
import { runDocumentProgram } from "../launcher/document-program.ts";

/** How long a builder may take in all, milliseconds. */
const boundMs = 10 * 60_000;

/** What the builder says of one build. */
export interface Built {
  readonly service: string;
  readonly kind: "service" | "backend";
  readonly version: string;
  readonly digest: string;
  readonly directory: string;
  readonly unchanged: boolean;
  readonly bytes: number;
  readonly files: number;
  readonly migrations: number;
  readonly notes: readonly string[];
}

/** What was built, and the app as it was described. */
export interface BuiltApp {
  readonly builds: readonly Built[];
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** What is said of the image of a build. */
export interface BuiltImage {
  /** The unit, or `gateway-NAME`. */
  readonly program: string;
  readonly image: string;
  readonly digest?: string;
  readonly bytes?: number;
  readonly output?: string;
  readonly pushed?: { readonly sent: number };
  readonly dockerfile?: string;
}

/** Starts the builder and waits for it. Throws what it says went wrong. */
export function runBuilder(
  args: readonly string[],
  onEvent: (event: ProgressEvent) => void,
): Promise<BuiltApp> {
  return runDocumentProgram<BuiltApp>(
    {
      program: fileURLToPath(import.meta.resolve("@kerf/platform/builds")),
      args,
      boundMs,
      what: "makes builds",
    },
    onEvent,
  );
}

/** Starts what takes builds out of an image and waits for it. Throws what it says went wrong. */
export async function takeBuilds(
  image: string,
  services: readonly string[],
  out: string,
  onEvent: (event: ProgressEvent) => void,
): Promise<readonly Pick<Built, "digest" | "service">[]> {
  const { taken } = await runDocumentProgram<{ taken: Pick<Built, "digest" | "service">[] }>(
    {
      program: fileURLToPath(import.meta.resolve("@kerf/platform/images")),
      args: ["--image", image, "--out", out, ...services.flatMap((name) => ["--take", name])],
      boundMs,
      what: "reads images",
    },
    onEvent,
  );
  return taken;
}

/** Starts what makes images and waits for it. Throws what it says went wrong. */
export async function runImageMaker(
  args: readonly string[],
  onEvent: (event: ProgressEvent) => void,
): Promise<BuiltImage> {
  const { image } = await runDocumentProgram<{ image: BuiltImage }>(
    {
      program: fileURLToPath(import.meta.resolve("@kerf/platform/images")),
      args,
      boundMs,
      what: "makes images",
    },
    onEvent,
  );
  return image;
}
