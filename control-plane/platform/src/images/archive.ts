import { packTar, type TarEntry } from "modern-tar";
import { described, type Image, json, mediaTypes } from "./image.ts";
import type { Blob } from "./layer.ts";
import { formatReference, type Reference } from "./registry/reference.ts";

/**
 * An image as one file that both `docker load` and `podman load` take, and every tool that reads the OCI's image layout: the layout's index, and
 * beside it the `manifest.json` that Docker's own archives have, over the same blobs.
 */
export async function imageArchive(image: Image, reference: Reference): Promise<Uint8Array> {
  const name = formatReference(reference);
  const blobs = new Map<string, Blob>();
  for (const blob of [image.manifest, image.config, ...image.layers.map((layer) => layer.blob)])
    blobs.set(blobPath(blob), blob);
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [
      {
        ...described(mediaTypes.manifest, image.manifest),
        annotations: {
          "io.containerd.image.name": name,
          "org.opencontainers.image.ref.name": reference.tag ?? "latest",
        },
      },
    ],
  };
  const files: [string, Uint8Array][] = [
    ...[...blobs].map(([path, { bytes }]): [string, Uint8Array] => [path, bytes]),
    ["index.json", json(index)],
    [
      "manifest.json",
      json([
        {
          Config: blobPath(image.config),
          RepoTags: [name],
          Layers: image.layers.map(({ blob }) => blobPath(blob)),
        },
      ]),
    ],
    ["oci-layout", json({ imageLayoutVersion: "1.0.0" })],
  ];
  const folders = ["blobs/", "blobs/sha256/"].map((folder): TarEntry => ({
    header: { name: folder, type: "directory", size: 0, mode: 0o755, mtime: new Date(0) },
  }));
  const entries = files
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, bytes]): TarEntry => ({
      header: { name: path, size: bytes.length, mode: 0o444, mtime: new Date(0) },
      body: bytes,
    }));
  return packTar([...folders, ...entries]);
}

function blobPath({ digest }: Blob): string {
  return `blobs/${digest.replace(":", "/")}`;
}
