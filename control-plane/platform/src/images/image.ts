import { type Blob, blobOf, type Layer } from "./layer.ts";

/** The media types of an image (https://github.com/opencontainers/image-spec). */
export const mediaTypes = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
} as const;

/** When everything in an image was made: reproducible means at no time in particular. */
export const epoch = "1970-01-01T00:00:00Z";

/** How containers of an image start. */
export interface ImageStart {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly user: string;
  readonly directory: string;
  readonly variables: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** An image: what its manifest names, and the manifest. */
export interface Image {
  /** `sha256:…` of the manifest, by which registries know it. */
  readonly digest: string;
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layers: readonly Layer[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Layers on one another, with the way to start them. */
export function imageOf(layers: readonly Layer[], start: ImageStart): Image {
  const labels = Object.fromEntries(
    Object.entries(start.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  const config = blobOf(
    json({
      created: epoch,
      architecture: architecture(),
      os: "linux",
      config: {
        User: start.user,
        Env: start.variables,
        Entrypoint: start.entrypoint,
        Cmd: start.command,
        WorkingDir: start.directory,
        Labels: labels,
        StopSignal: "SIGTERM",
      },
      rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(({ title }) => ({ created: epoch, created_by: `kerf: ${title}` })),
    }),
  );
  const manifest = blobOf(
    json({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: described(mediaTypes.config, config),
      layers: layers.map(({ blob, mediaType }) => described(mediaType, blob)),
      annotations: labels,
    }),
  );
  return { digest: manifest.digest, manifest, config, layers, labels };
}

/** A descriptor: what something is, and how it is found and checked. */
export function described(
  mediaType: string,
  { bytes, digest }: Blob,
): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest, size: bytes.length };
}

/** This machine's processor as images name it. */
export function architecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}

/** A document of an image as bytes. */
export function json(document: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(document));
}
