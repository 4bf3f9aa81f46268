import { posix } from "node:path";
import { unpackTar } from "modern-tar";
import { KerfError, systemClock } from "@kerf/kernel";
import {
  type Build,
  type BuildDescriptor,
  buildFiles,
  parseDescriptor,
  sha256,
} from "@kerf/service/builds";
import type { Content } from "../builds/content.ts";
import { BuildStore } from "../builds/store.ts";
import { architecture } from "./image.ts";
import { type ReadImage, readImage } from "./image-source.ts";
import { parseReference } from "./registry/reference.ts";
import { buildFolder, buildLabel } from "./service-image.ts";

/**
 * Puts builds that an image brings among the builds of a home, from where they are deployed as any others. Throws `invalid_configuration` for an image that has
 * them not, or is for another processor, and what {@link readImage} throws.
 */
export async function takeBuilds(
  name: string,
  services: readonly string[],
  out: string,
): Promise<Build[]> {
  const image = await readImage(parseReference(name));
  assertOurs(name, image, services);
  if (image.architecture !== undefined && image.architecture !== architecture())
    throw wrong(
      `The image ${name} is for ${image.architecture}, and this machine is ${architecture()}.`,
      "Make one here, or on a machine like this: kerf build SERVICE --image REF",
    );
  const store = new BuildStore(out, systemClock);
  const taken: Build[] = [];
  for (const service of services) {
    const { content, descriptor } = await buildIn(image, name, service);
    const { build } = await store.keep(descriptor, content);
    taken.push(build);
  }
  return taken;
}

function assertOurs(name: string, { labels }: ReadImage, services: readonly string[]): void {
  const inside = Object.keys(labels).flatMap((label) =>
    label.startsWith(buildLabel("")) ? [label.slice(buildLabel("").length)] : [],
  );
  if (inside.length === 0)
    throw wrong(
      `The image ${name} has no build of a service in it.`,
      "Run it as it is: kerf deploy --app NAME --image REF; or make one with kerf build SERVICE --image REF",
    );
  const missing = services.filter((service) => !inside.includes(service));
  if (missing.length > 0)
    throw wrong(
      `The image ${name} has no build of ${missing.join(", ")} in it.`,
      `It has ${inside.join(", ")}: name one of these.`,
    );
}

/** The files of a build, from the highest layer that has them; what they say of themselves is what the label says. */
async function buildIn(
  { labels, layers }: ReadImage,
  name: string,
  service: string,
): Promise<{ content: Content; descriptor: BuildDescriptor }> {
  const folder = `${buildFolder(service).slice(1)}/`;
  for (const layer of layers.toReversed()) {
    const content: Content = new Map();
    for (const { data, header } of await unpackTar(layer(), {
      filter: (each) => each.type === "file" && each.name.startsWith(folder),
    }))
      content.set(header.name.slice(folder.length), {
        bytes: data ?? new Uint8Array(),
        executable: ((header.mode ?? 0) & 0o100) !== 0,
      });
    const text = content.get(buildFiles.descriptor)?.bytes;
    if (text === undefined) continue;
    const descriptor = parseDescriptor(
      Buffer.from(text).toString("utf8"),
      `${buildFolder(service)} of ${name}`,
    );
    content.delete(buildFiles.descriptor);
    if (descriptor.digest === labels[buildLabel(service)] && isWhole(content, descriptor))
      return { content, descriptor };
  }
  throw wrong(
    `The image ${name} says that it has a build of ${service}, and has it not.`,
    "Somebody changed it: make it again with kerf build.",
  );
}

/** Whether it has all of the files that it says, as they were made, and no other, which might lie anywhere. */
function isWhole(content: Content, { files }: BuildDescriptor): boolean {
  const paths = Object.keys(files);
  return (
    content.size === paths.length &&
    paths.every((path) => {
      const bytes = content.get(path)?.bytes;
      const isBelow = posix.normalize(path) === path && !/^(?:\/|\.\.(?:\/|$))/.test(path);
      return isBelow && bytes !== undefined && sha256(bytes) === files[path]?.sha256;
    })
  );
}

function wrong(message: string, fix: string): KerfError {
  return new KerfError("invalid_configuration", { message, fix });
}
