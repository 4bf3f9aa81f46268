import { dirname, relative } from "node:path";
import type { BuiltImage } from "./run-builder.ts";

/** What became of an image, for people. */
export function imageText({
  bytes = 0,
  digest,
  dockerfile,
  image,
  output,
  pushed,
}: BuiltImage): string {
  if (dockerfile !== undefined)
    return `A Dockerfile of it: docker build -t ${image} ${shown(dirname(dockerfile))}`;
  const size = `${(bytes / 1_048_576).toFixed(1)} MiB`;
  return [
    `${image}  ${size}`,
    digest ?? "",
    ...(output === undefined ? [] : [`Load it with: docker load -i ${shown(output)}`]),
    ...(pushed === undefined ? [] : ["It is in the registry."]),
    ...(output === undefined && pushed === undefined
      ? ["It was made and not kept: --output FILE writes it, --push sends it."]
      : []),
  ].join("\n");
}

function shown(path: string): string {
  const from = relative(process.cwd(), path);
  return from === "" ? "." : from.startsWith("..") ? path : from;
}
