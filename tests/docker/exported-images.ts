import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { runKerf } from "../shop/running-shop.ts";
import { docker } from "./docker.ts";

/** What images of an app are made of. */
export interface ImagesOf {
  readonly home: string;
  /** The app's module. */
  readonly app: string;
  readonly registry: string;
  readonly tag: string;
  /** Services of each unit; a gateway by `gateway:NAME`, as `kerf build` takes it. */
  readonly programs: Readonly<Record<string, readonly string[]>>;
}

/** Makes the image of each program of an app, and gives it to Docker. Answers their names. */
export async function loadImages({
  app,
  home,
  programs,
  registry,
  tag,
}: ImagesOf): Promise<string[]> {
  const images: string[] = [];
  for (const [program, services] of Object.entries(programs)) {
    const image = `${registry}/${program}:${tag}`;
    const archive = join(home, `${program}.tar`);
    const asked = [...services, "--app", app, "--image", image, "--output", archive];
    const { code, stderr } = await runKerf(home, ["build", ...asked]);
    assert.equal(code, 0, stderr);
    await docker("load", "--quiet", "--input", archive);
    await rm(archive);
    images.push(image);
  }
  return images;
}
