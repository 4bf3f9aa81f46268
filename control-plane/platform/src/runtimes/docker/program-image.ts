import { toKerfError } from "@kerf/kernel";
import { imageArchive } from "../../images/archive.ts";
import { imageUser } from "../../images/base-layer.ts";
import { imageOf } from "../../images/image.ts";
import { LayerCache } from "../../images/layer-cache.ts";
import { programFiles, programFolder, programPath } from "../../images/program-layer.ts";
import { parseReference } from "../../images/registry/reference.ts";
import { ownBase } from "../../images/service-image.ts";
import { version } from "../../version.ts";
import type { Engine } from "./engine.ts";

/** How long the engine may take to load it, milliseconds: 130 MB. */
const loadMs = 300_000;

/** The image of Kerf's programs without any service, which the engine has from now on. Answers its name. */
export async function programImage(engine: Engine): Promise<string> {
  const cache = new LayerCache();
  const base = await ownBase(cache);
  const programs = await programFiles();
  const layers = [...base.layers, await cache.layer(`programs of kerf ${version}`, programs.files)];
  const image = imageOf(layers, {
    entrypoint: [base.node, programPath("host")],
    command: [],
    user: `${imageUser}:${imageUser}`,
    directory: programFolder,
    variables: base.variables,
    labels: { "dev.kerf.version": version },
  });
  const name = `kerf/programs:${image.config.digest.slice(7, 19)}`;
  if (await has(engine, name)) return name;
  const body = await imageArchive(image, parseReference(name));
  const said = await engine.stream("POST", "/images/load", { body, boundMs: loadMs });
  for await (const _ of said); // It is there when everything has been said.
  return name;
}

async function has(engine: Engine, name: string): Promise<boolean> {
  try {
    await engine.call("GET", `/images/${name}/json`);
    return true;
  } catch (thrown) {
    if (toKerfError(thrown).code === "not_found") return false;
    throw thrown;
  }
}
