import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineCache, natsFile } from "@kerf/events/testing";
import { docker } from "./docker.ts";

/** An image of NATS that is asked for as that of its makers is, from the server that engine tests run. `base`: an image with the C library in it. */
export async function buildNatsImage(name: string, base: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kerf-nats-image-"));
  try {
    await cp(join(import.meta.dirname, "nats"), folder, { recursive: true });
    await cp(join(engineCache, natsFile), join(folder, "nats-server"));
    await docker("build", "--quiet", "--tag", name, "--build-arg", `base=${base}`, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
