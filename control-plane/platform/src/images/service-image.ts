import { readFileSync } from "node:fs";
import { join } from "node:path";
import { KerfError } from "@kerf/kernel";
import { type Build, buildFiles } from "@kerf/service/builds";
import { version } from "../version.ts";
import { baseFiles, imageUser, nodePath } from "./base-layer.ts";
import { architecture, type Image, imageOf, json } from "./image.ts";
import type { Layer, LayerFile } from "./layer.ts";
import { LayerCache } from "./layer-cache.ts";
import { programFiles, programFolder, programPath } from "./program-layer.ts";
import { billOfMaterials, bundledPackages, type Part, sbomPath } from "./sbom.ts";

/** What images of services stand on. */
export interface ImageBase {
  readonly layers: readonly Layer[];
  /** How Node is started. */
  readonly node: string;
  readonly variables: readonly string[];
  readonly parts: readonly Part[];
}

/** Where the build of a service lies in its image. */
export function buildFolder(service: string): string {
  return `${programFolder}/builds/${service}`;
}

/** Node and the libraries of this machine as a base. */
export async function ownBase(cache: LayerCache = new LayerCache()): Promise<ImageBase> {
  const { files, parts } = await baseFiles();
  const layers = [await cache.layer(`node ${process.versions.node}`, files)];
  return { layers, node: nodePath, variables: ["PATH=/usr/bin"], parts };
}

/**
 * The image of one build: it starts the host of a unit with this service. `module`: a file of the project, by which the versions of bundled packages are
 * found. Throws `invalid_configuration` for a build that runs elsewhere.
 */
export async function serviceImage(
  build: Build,
  base: ImageBase,
  { cache = new LayerCache(), module }: { cache?: LayerCache; module?: string | undefined } = {},
): Promise<Image> {
  // Which commit it was made from is no part of what it is.
  const { source: _, ...descriptor } = build.descriptor;
  const { digest, packages, platform, service } = descriptor;
  if (platform !== undefined && platform !== `linux-${process.arch}`)
    throw elsewhere(service.name, platform);
  const programs = await programFiles();
  const folder = buildFolder(service.name);
  const files = new Map<string, LayerFile>();
  for (const [path, { executable }] of Object.entries(descriptor.files))
    files.set(`${folder}/${path}`, fileOf(build, path, executable));
  files.set(`${folder}/${buildFiles.descriptor}`, { bytes: json(descriptor) });
  const all = [
    { name: "kerf", version },
    ...programs.packages,
    ...packages,
    ...bundledPackages(build, module),
  ];
  files.set(sbomPath, { bytes: billOfMaterials(build, { base: base.parts, packages: all }) });
  const layers = [
    ...base.layers,
    await cache.layer(`programs of kerf ${version}`, programs.files),
    await cache.layer(`${service.name} ${digest.slice(0, 12)}`, files),
  ];
  const program = programPath(service.program === undefined ? "host" : "sidecar");
  return imageOf(layers, {
    entrypoint: [base.node, program],
    command: [service.name, programFolder, `${service.name}=${folder}`],
    user: `${imageUser}:${imageUser}`,
    directory: programFolder,
    variables: base.variables,
    labels: {
      "org.opencontainers.image.title": service.name,
      "org.opencontainers.image.version": service.contract.version,
      "dev.kerf.service": service.name,
      "dev.kerf.build": digest,
      "dev.kerf.version": version,
      "dev.kerf.sbom": sbomPath,
    },
  });
}

function fileOf({ directory }: Build, path: string, executable?: boolean): LayerFile {
  const bytes = readFileSync(join(directory, path));
  return executable === true ? { bytes, mode: 0o555 } : { bytes };
}

function elsewhere(name: string, platform: string): KerfError {
  return new KerfError("invalid_configuration", {
    message: `The build of ${name} runs on ${platform} only.`,
    why: `It has packages with machine code in it, and an image made here is for linux-${architecture()}.`,
    fix: "Build it, and its image, on Linux.",
  });
}
