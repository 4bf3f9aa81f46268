import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { unpackTar } from "modern-tar";
import { KerfError, toKerfError } from "@kerf/kernel";
import { Engine } from "../runtimes/docker/engine.ts";
import { type ImageConfig, pull } from "./registry/pull.ts";
import { formatReference, type Reference } from "./registry/reference.ts";

/** How long the engine may take to hand an image over, milliseconds: 130 MB. */
const saveMs = 300_000;

/** An image as somebody reads it who wants what is in it. */
export interface ReadImage {
  readonly labels: Readonly<Record<string, string>>;
  readonly architecture: string | undefined;
  /** The archives of its layers, the lowest first, unpacked when they are asked for. */
  readonly layers: readonly (() => Uint8Array)[];
}

/** Reads an image from its registry, or from the Docker of this machine where that has one by the name alone. Throws `not_found`, or why the registry refuses. */
export async function readImage(reference: Reference): Promise<ReadImage> {
  try {
    const { architecture, labels, layers } = await pull(reference);
    return {
      architecture,
      labels,
      layers: layers.map(
        ({ blob: { bytes } }) =>
          () =>
            isCompressed(bytes) ? gunzipSync(bytes) : bytes,
      ),
    };
  } catch (thrown) {
    const here = await ofEngine(formatReference(reference));
    if (here !== undefined) return here;
    throw notHad(reference, toKerfError(thrown));
  }
}

/** What the engine of this machine has by a name; undefined where it has nothing, or is not there. */
async function ofEngine(name: string): Promise<ReadImage | undefined> {
  let archive: Buffer;
  try {
    const engine = new Engine();
    const stream = await engine.stream("GET", `/images/${name}/get`, { boundMs: saveMs });
    archive = await buffer(stream);
  } catch {
    return undefined;
  }
  const files = new Map(
    (await unpackTar(archive)).map(({ data, header }) => [header.name, data ?? new Uint8Array()]),
  );
  const document = <Shape>(path: string): Shape =>
    JSON.parse(Buffer.from(files.get(path) ?? []).toString("utf8")) as Shape;
  const [saved] = document<{ Config: string; Layers: readonly string[] }[]>("manifest.json");
  if (saved === undefined) return undefined;
  const { architecture, config } = document<ImageConfig>(saved.Config);
  return {
    architecture,
    labels: config?.Labels ?? {},
    layers: saved.Layers.map((path) => () => {
      const bytes = files.get(path) ?? new Uint8Array();
      return isCompressed(bytes) ? gunzipSync(bytes) : bytes;
    }),
  };
}

/** Whether it begins as gzip does (RFC 1952). */
function isCompressed(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function notHad(reference: Reference, cause: KerfError): KerfError {
  return new KerfError(cause.code, {
    message: `The image ${formatReference(reference)} cannot be had.`,
    why: [cause.message, cause.why].filter((text) => text !== undefined).join(" "),
    fix:
      cause.fix ??
      `See whether its name is right; a private registry wants docker login ${reference.registry}`,
    cause,
  });
}
