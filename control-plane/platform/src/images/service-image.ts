import { readFileSync } from "node:fs";
import { join } from "node:path";
import { KerfError } from "@kerf/kernel";
import { type Build, buildFiles } from "@kerf/service/builds";
import { version } from "../version.ts";
import { baseFiles, imageUser, nodePath } from "./base-layer.ts";
import { architecture, type Image, imageOf, json } from "./image.ts";
import type { Layer, LayerFile } from "./layer.ts";
import { LayerCache } from "./layer-cache.ts";
import {
  type ImageProgram,
  type ProgramFiles,
  programFiles,
  programFolder,
  programPath,
} from "./program-layer.ts";
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

/** The label that says which build of a service is in an image: its digest. */
export function buildLabel(service: string): string {
  return `dev.kerf.build.${service}`;
}

/** Node and the libraries of this machine as a base. */
export async function ownBase(cache: LayerCache = new LayerCache()): Promise<ImageBase> {
  const { files, parts } = await baseFiles();
  const layers = [await cache.layer(`node ${process.versions.node}`, files)];
  return { layers, node: nodePath, variables: ["PATH=/usr/bin"], parts };
}

/** A program as it becomes an image. */
export interface ImageProgramOf {
  /** A unit's name, or `gateway-NAME`. */
  readonly name: string;
  readonly isGateway: boolean;
  /** Of its services; of a gateway that of its backend, or none. */
  readonly builds: readonly Build[];
}

/** How an image is made. */
export interface ImageMaking {
  readonly cache?: LayerCache;
  /** A file of the project, by which the versions of bundled packages are found. */
  readonly module?: string | undefined;
  /** What every image has of Kerf, for whoever makes several: a second of a processor each time. */
  readonly programs?: ProgramFiles;
}

/** The image of a unit or a gateway: it starts that program with these builds. Throws `invalid_configuration` for a build that runs elsewhere. */
export async function programImageOf(
  { builds, isGateway, name }: ImageProgramOf,
  base: ImageBase,
  { cache = new LayerCache(), module, programs: given }: ImageMaking = {},
): Promise<Image> {
  const programs = given ?? (await programFiles());
  const files = new Map<string, LayerFile>();
  for (const build of builds) for (const [path, file] of filesOf(build)) files.set(path, file);
  const all = [
    { name: "kerf", version },
    ...programs.packages,
    ...builds.flatMap((build) => [...build.descriptor.packages, ...bundledPackages(build, module)]),
  ];
  files.set(sbomPath, {
    bytes: billOfMaterials(name, builds, { base: base.parts, packages: all }),
  });
  const digests = builds.map(({ descriptor }) => descriptor.digest.slice(0, 12));
  const layers = [
    ...base.layers,
    await cache.layer(`programs of kerf ${version}`, programs.files),
    await cache.layer([name, ...digests].join(" "), files),
  ];
  const labels: Record<string, string> = {
    "org.opencontainers.image.title": name,
    "dev.kerf.version": version,
    "dev.kerf.sbom": sbomPath,
  };
  for (const { descriptor } of builds)
    labels[buildLabel(descriptor.service.name)] = descriptor.digest;
  const [only, ...others] = builds.map(({ descriptor }) => descriptor.service);
  if (only !== undefined && others.length === 0)
    labels["org.opencontainers.image.version"] = only.contract.version;
  return imageOf(layers, {
    entrypoint: [base.node, programPath(entryOf(isGateway, builds))],
    command: commandOf(name, builds),
    user: `${imageUser}:${imageUser}`,
    directory: programFolder,
    variables: base.variables,
    labels,
  });
}

/** Which program starts. */
export function entryOf(isGateway: boolean, builds: readonly Build[]): ImageProgram {
  if (isGateway) return "gateway";
  return builds.some(({ descriptor }) => descriptor.service.program !== undefined)
    ? "sidecar"
    : "host";
}

/** Its arguments: who it is, for whoever lists processes, and what it may load while its boot document is read. */
export function commandOf(name: string, builds: readonly Build[]): string[] {
  const preload = builds.map(({ descriptor: { service } }) => service.name);
  return [name, programFolder, ...preload.map((each) => `${each}=${buildFolder(each)}`)];
}

/** The folder of a build, without which commit it was made from: that is no part of what it is. */
function filesOf(build: Build): Map<string, LayerFile> {
  const { source: _, ...descriptor } = build.descriptor;
  const { platform, service } = descriptor;
  if (platform !== undefined && platform !== `linux-${process.arch}`)
    throw elsewhere(service.name, platform);
  const folder = buildFolder(service.name);
  const files = new Map<string, LayerFile>();
  for (const [path, { executable }] of Object.entries(descriptor.files))
    files.set(`${folder}/${path}`, fileOf(build, path, executable));
  files.set(`${folder}/${buildFiles.descriptor}`, { bytes: json(descriptor) });
  return files;
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
