import { KerfError } from "@kerf/kernel";
import { architecture, mediaTypes } from "../image.ts";
import { blobOf, type Layer } from "../layer.ts";
import { credentialsFor } from "./credentials.ts";
import { formatReference, type Reference } from "./reference.ts";
import { Registry } from "./registry.ts";

/** Docker's own names for what the OCI made a standard of. */
const docker = {
  manifest: "application/vnd.docker.distribution.manifest.v2+json",
  list: "application/vnd.docker.distribution.manifest.list.v2+json",
};
const single: readonly string[] = [mediaTypes.manifest, docker.manifest];
const several: readonly string[] = [mediaTypes.index, docker.list];

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly platform?: { readonly architecture: string; readonly os: string };
}

/** What the configuration of an image says, as far as it is read. */
export interface ImageConfig {
  readonly architecture?: string;
  readonly config?: {
    readonly Env?: readonly string[];
    readonly Labels?: Readonly<Record<string, string>> | null;
  };
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

/** An image of somebody else, as far as one that stands on it needs it. */
export interface Pulled {
  readonly digest: string;
  readonly layers: readonly Layer[];
  readonly variables: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** As images name it; undefined where the image does not say. */
  readonly architecture?: string | undefined;
}

/** Pulls an image for this machine's processor. Throws `not_found`, `unauthenticated` or `invalid_configuration`. */
export async function pull(reference: Reference): Promise<Pulled> {
  const registry = new Registry(reference, await credentialsFor(reference.registry));
  const name = formatReference(reference);
  const found = await manifestOf(registry, reference, name);
  const { config, layers } = JSON.parse(Buffer.from(found.bytes).toString("utf8")) as {
    config: Descriptor;
    layers: readonly Descriptor[];
  };
  const {
    architecture: builtFor,
    config: start = {},
    rootfs,
  } = JSON.parse(Buffer.from(await registry.blob(config.digest)).toString("utf8")) as ImageConfig;
  const pulled: Layer[] = [];
  for (const [index, { digest, mediaType }] of layers.entries()) {
    const bytes = await registry.blob(digest);
    const diffId = rootfs.diff_ids[index] ?? "";
    pulled.push({
      title: `of ${name}`,
      diffId,
      mediaType: ociType(mediaType),
      blob: blobOf(bytes),
    });
  }
  return {
    digest: blobOf(found.bytes).digest,
    layers: pulled,
    variables: start.Env ?? [],
    labels: start.Labels ?? {},
    architecture: builtFor,
  };
}

/** The digest of an image, for one processor or for several, as its registry has it now. Throws `not_found` or `unauthenticated`. */
export async function digestIn(reference: Reference): Promise<string> {
  const registry = new Registry(reference, await credentialsFor(reference.registry));
  const { bytes } = await registry.manifest(reference.digest ?? reference.tag ?? "latest", [
    ...single,
    ...several,
  ]);
  return blobOf(bytes).digest;
}

async function manifestOf(
  registry: Registry,
  { digest, tag }: Reference,
  name: string,
): Promise<{ bytes: Uint8Array }> {
  const all = [...single, ...several];
  const first = await registry.manifest(digest ?? tag ?? "latest", all);
  if (single.includes(first.mediaType)) return first;
  const { manifests = [] } = JSON.parse(Buffer.from(first.bytes).toString("utf8")) as {
    manifests?: readonly Descriptor[];
  };
  const ours = manifests.find(
    ({ platform }) => platform?.os === "linux" && platform.architecture === architecture(),
  );
  if (ours !== undefined) return registry.manifest(ours.digest, single);
  throw new KerfError("invalid_configuration", {
    message: `${name} is no image for linux/${architecture()}.`,
    why: "Its index names none for this machine's processor.",
    fix: "Name one that is.",
  });
}

/** The same archive under the name that the OCI gives it: a manifest may not mix both. */
function ociType(mediaType: string): string {
  return mediaType
    .replace(
      "application/vnd.docker.image.rootfs.diff.tar.gzip",
      "application/vnd.oci.image.layer.v1.tar+gzip",
    )
    .replace(
      "application/vnd.docker.image.rootfs.diff.tar",
      "application/vnd.oci.image.layer.v1.tar",
    );
}
