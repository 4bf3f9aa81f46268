import type { AppManifest } from "@kerf/service";
import { digestIn } from "../images/registry/pull.ts";
import { parseReference } from "../images/registry/reference.ts";
import type { ExportOptions } from "./export-options.ts";
import { exportedProgramsOf, imageOf } from "./exported-programs.ts";
import type { KubernetesOptions } from "./kubernetes/kubernetes-options.ts";

/**
 * The digests that registries have for all images of an export, by image: what is written with them is what runs, whoever moves a tag later; and what is not there yet is
 * known before anything is changed. Throws `not_found`, `unauthenticated` or `unavailable`.
 */
export async function pinnedDigests(
  app: AppManifest,
  options: ExportOptions & Pick<KubernetesOptions, "canary">,
): Promise<Record<string, string>> {
  const images = exportedProgramsOf(app, options).flatMap(({ gateway, image, name }) => {
    const tried = gateway && options.canary?.[gateway.name];
    if (image.includes("@")) return [];
    return tried === undefined ? image : [image, imageOf(app.app, name, options, tried.tag)];
  });
  const digests: Record<string, string> = {};
  for (const image of images) digests[image] = await digestIn(parseReference(image));
  return digests;
}
