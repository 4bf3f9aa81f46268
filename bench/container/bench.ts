import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { containersOf } from "kerf-tests/docker/contained-shop";
import { docker } from "kerf-tests/docker/docker";
import { ReleasedApp } from "kerf-tests/releases/released-app";
import type { Benchmark } from "../harness/benchmark.ts";
import { median } from "../harness/pairs.ts";
import { type ColdStart, readyAfter } from "./ready-after.ts";

const app = "examples/shop/app.ts";
const service = "orders";
const image = "kerf-bench.invalid/orders:1";
const megabyte = 1e6;

const benchmark: Benchmark = {
  name: "container",
  about:
    "the image of the shop's orders, as its registry and as Docker keep it, and a copy of it from the request for its container until it is ready (needs Docker)",
  peers: false,
  async run({ quick, log }) {
    const shop = await ReleasedApp.up(app, "--runtime", "docker", "--environment", "dev");
    try {
      const figures = await imageOf(shop);
      log(
        `image of ${service}: ${figures.image_mb.toFixed(1)} MB in a registry, ${figures.image_unpacked_mb.toFixed(1)} MB unpacked`,
      );
      const starts: ColdStart[] = [];
      while (starts.length < (quick ? 3 : 10)) {
        // Killed, it is started again at once, with nobody beside it to give way to.
        const container = (await containersOf(shop.home, "running")).entries();
        const [, name = ""] = [...container].find(([id]) => id.startsWith(`${service}-`)) ?? [];
        starts.push(await readyAfter(shop, service, () => docker("kill", name)));
      }
      const asked = starts.map((each) => each.asked);
      const started = starts.map((each) => each.started);
      log(`ready after the request for its container: ${textOf(asked)}`);
      log(`ready after Docker said that it runs:      ${textOf(started)}`);
      return {
        ...figures,
        cold_start_s: median(asked) / 1_000,
        cold_start_s_worst: Math.max(...asked) / 1_000,
        cold_start_without_docker_s: median(started) / 1_000,
      };
    } finally {
      await shop.stop();
      await shop.remove();
    }
  },
};

export default benchmark;

function textOf(all: readonly number[]): string {
  const each = all.map((ms) => ms.toFixed(0)).join(", ");
  return `${median(all).toFixed(0)} ms in the median of ${each}`;
}

/** Megabytes (10^6 bytes) of its layers as they are sent, and as they lie on a disk. */
async function imageOf(
  shop: ReleasedApp,
): Promise<{ image_mb: number; image_unpacked_mb: number }> {
  const folder = await mkdtemp(join(tmpdir(), "kerf-bench-image-"));
  const archive = join(folder, "image.tar");
  try {
    const asked = ["--app", app, "--image", image, "--output", archive];
    await shop.kerf("build", service, ...asked);
    await docker("load", "--quiet", "--input", archive);
    const unpacked = Number(await docker("image", "inspect", "--format", "{{.Size}}", image));
    await docker("rmi", image);
    // Its layers are compressed in it, as they are in a registry.
    const { size } = await stat(archive);
    return { image_mb: size / megabyte, image_unpacked_mb: unpacked / megabyte };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
