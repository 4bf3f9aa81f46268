import { randomBytes } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { openBuild } from "@kerf/service/builds";
import type { EventLog } from "../progress/event-log.ts";
import { imageArchive } from "./archive.ts";
import type { Image } from "./image.ts";
import { pull } from "./registry/pull.ts";
import { push } from "./registry/push.ts";
import { formatReference, parseReference } from "./registry/reference.ts";
import { type ImageBase, ownBase, serviceImage } from "./service-image.ts";
import { writeContext } from "./write-context.ts";

/** What is to become of a build. */
export interface ImageRequest {
  /** The folder of the build. */
  readonly build: string;
  /** What the image is called. */
  readonly image: string;
  /** A file of the project, by which versions of packages are found. */
  readonly module?: string | undefined;
  /** The image that it stands on instead of this machine's Node. */
  readonly base?: string | undefined;
  /** The archive to write. */
  readonly output?: string | undefined;
  readonly push: boolean;
  /** Write a Dockerfile with its context into this folder instead. */
  readonly dockerfile?: string | undefined;
}

/** What came of it. */
export interface ImageReport {
  readonly service: string;
  readonly image: string;
  /** `sha256:…` of the manifest; nothing where only a Dockerfile was written. */
  readonly digest?: string;
  /** Of all layers, as a registry keeps them. */
  readonly bytes?: number;
  readonly output?: string;
  readonly pushed?: { readonly sent: number };
  readonly dockerfile?: string;
}

/** What a Dockerfile stands on when nobody says otherwise: the Node that this is. */
const usualBase = `node:${process.versions.node.split(".")[0]}-slim`;

/** Makes the image of a build, writes it to a file, pushes it. Throws what went wrong. */
export async function makeImage(request: ImageRequest, events: EventLog): Promise<ImageReport> {
  const build = openBuild(request.build);
  const { name } = build.descriptor.service;
  const reference = parseReference(request.image);
  const report = { service: name, image: formatReference(reference) };
  if (request.dockerfile !== undefined) {
    const base = request.base ?? usualBase;
    return { ...report, dockerfile: await writeContext(build, request.dockerfile, base) };
  }
  const base = await events.step(
    "base",
    request.base === undefined ? "Preparing Node" : `Pulling ${request.base}`,
    () => baseOf(request.base),
  );
  const image = await events.step(
    "image",
    `Making the image of ${name}`,
    () => serviceImage(build, base, { module: request.module }),
    (made) => `${made.digest.slice(7, 19)}  ${mebibytes(sizeOf(made))}`,
  );
  if (request.output !== undefined) {
    const { output } = request;
    await writeWhole(output, await imageArchive(image, reference));
  }
  const pushed = request.push
    ? await events.step(
        "push",
        `Pushing ${report.image}`,
        () => push(image, reference),
        ({ sent }) => `${mebibytes(sent)} sent`,
      )
    : undefined;
  return {
    ...report,
    digest: image.digest,
    bytes: sizeOf(image),
    ...(request.output === undefined ? undefined : { output: request.output }),
    ...(pushed === undefined ? undefined : { pushed: { sent: pushed.sent } }),
  };
}

async function baseOf(name: string | undefined): Promise<ImageBase> {
  if (name === undefined) return ownBase();
  const { digest, layers, variables } = await pull(parseReference(name));
  return { layers, node: "node", variables, parts: [{ name, digest }] };
}

/** Whoever reads the file finds all of it or none. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    await writeFile(beside, bytes);
    await rename(beside, path);
  } catch (thrown) {
    await rm(beside, { force: true });
    throw thrown;
  }
}

function sizeOf({ layers }: Image): number {
  return layers.reduce((sum, { blob }) => sum + blob.bytes.length, 0);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
