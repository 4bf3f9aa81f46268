import { type Image, mediaTypes } from "../image.ts";
import { credentialsFor } from "./credentials.ts";
import type { Reference } from "./reference.ts";
import { Registry } from "./registry.ts";

/** What was sent. */
export interface Pushed {
  readonly digest: string;
  /** Bytes that were not there yet. */
  readonly sent: number;
}

/** Pushes an image: what the registry lacks of it, the manifest last, so that nobody ever pulls half of one. */
export async function push(image: Image, reference: Reference): Promise<Pushed> {
  const registry = new Registry(reference, await credentialsFor(reference.registry));
  let sent = 0;
  for (const blob of [...image.layers.map((layer) => layer.blob), image.config])
    if (await registry.putBlob(blob)) sent += blob.bytes.length;
  await registry.putManifest(image.manifest, mediaTypes.manifest, reference.tag ?? "latest");
  return { digest: image.digest, sent };
}
