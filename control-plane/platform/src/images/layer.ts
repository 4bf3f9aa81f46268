import { createHash } from "node:crypto";
import { constants, gzip } from "node:zlib";
import { promisify } from "node:util";
import { packTar, type TarEntry } from "modern-tar";

/** A file of a layer, or a folder where it has no bytes. */
export interface LayerFile {
  readonly bytes?: Uint8Array;
  /** Default: 0444 for files, 0755 for folders. */
  readonly mode?: number;
  /** User and group; default: root. */
  readonly owner?: number;
}

/** Files by their absolute paths in the image. */
export type LayerFiles = ReadonlyMap<string, LayerFile>;

/** One layer of an image, compressed as registries take it. */
export interface Layer {
  /** What it is, for people. */
  readonly title: string;
  /** `sha256:…` of the archive before it was compressed. */
  readonly diffId: string;
  readonly mediaType: string;
  readonly blob: Blob;
}

/** Bytes that a manifest names by their digest. */
export interface Blob {
  /** `sha256:…` */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** As `tar+gzip` is called in images of the OCI. */
export const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";
/** zlib's default; higher costs three times as long for a hundredth less. */
const level = 6;
/** RFC 1952: the system that compressed it; 255 is none, so that every machine writes the same. */
const systemByte = { at: 9, unknown: 255 };

/** Bytes under their digest. */
export function blobOf(bytes: Uint8Array): Blob {
  return { digest: digestOf(bytes), bytes };
}

/** `sha256:…` of some bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The archive of a layer: sorted, every folder on the way in it, without times and names of users. The same files are the same bytes. */
export async function layerArchive(files: LayerFiles): Promise<Buffer> {
  const all = new Map(files);
  for (const path of files.keys())
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1))
      if (!all.has(path.slice(0, at))) all.set(path.slice(0, at), {});
  const sorted = [...all].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(await packTar(sorted.map(entryOf)));
}

/** Compresses an archive; the same bytes for the same archive and version of zlib. */
export async function compressed(archive: Buffer): Promise<Buffer> {
  const strategy = constants.Z_DEFAULT_STRATEGY;
  const bytes = await promisify(gzip)(archive, { level, memLevel: 8, strategy });
  bytes[systemByte.at] = systemByte.unknown;
  return bytes;
}

function entryOf([path, { bytes, mode, owner = 0 }]: [string, LayerFile]): TarEntry {
  const isFolder = bytes === undefined;
  return {
    header: {
      name: path.slice(1) + (isFolder ? "/" : ""),
      type: isFolder ? "directory" : "file",
      size: bytes?.length ?? 0,
      mode: mode ?? (isFolder ? 0o755 : 0o444),
      mtime: new Date(0),
      uid: owner,
      gid: owner,
    },
    ...(isFolder ? undefined : { body: bytes }),
  };
}
