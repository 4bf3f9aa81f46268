// The program that makes images: `node @kerf/platform/images [--build DIR…] [--name NAME] [--gateway] --image REF [--module FILE] [--base REF] [--output FILE] [--push]
// [--dockerfile DIR]`; and that takes builds out of one: `--take SERVICE… --image REF --out DIR`. Progress events go to descriptor 3, one a line, when somebody reads there. Stdout carries one JSON document: `{"image":
// ImageReport}` or `{"taken": [{service, digest}]}` with exit code 0, or `{"error": ErrorShape}` with exit code 1.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { KerfError, systemClock, toKerfError } from "@kerf/kernel";
import { EventLog } from "../progress/event-log.ts";
import { progressPipe } from "../progress/progress-pipe.ts";
import { makeImage } from "./make-image.ts";
import { takeBuilds } from "./take-builds.ts";

const events = new EventLog(systemClock);
const launcher = progressPipe();
events.subscribe((event) => launcher.write(event));

try {
  const { values } = parseArgs({
    options: {
      build: { type: "string", multiple: true, default: [] },
      name: { type: "string" },
      gateway: { type: "boolean" },
      image: { type: "string" },
      module: { type: "string" },
      base: { type: "string" },
      output: { type: "string" },
      push: { type: "boolean" },
      dockerfile: { type: "string" },
      take: { type: "string", multiple: true, default: [] },
      out: { type: "string" },
    },
  });
  const { build, gateway = false, image, push = false, base, module, name, out, take } = values;
  if (image !== undefined && out !== undefined) {
    const taken = await events.step(
      "take",
      `Reading ${image}`,
      () => takeBuilds(image, take, resolve(out)),
      (builds) => builds.map(({ descriptor }) => descriptor.digest.slice(0, 12)).join(" "),
    );
    const named = taken.map(({ descriptor: { digest, service } }) => ({
      service: service.name,
      digest,
    }));
    await end(0, { taken: named });
  }
  if (image === undefined || (build.length === 0 && !gateway)) {
    throw new KerfError("invalid_configuration", {
      message: "It takes --build DIR and --image REF.",
      fix: "Use kerf build SERVICE --image REF, which starts it.",
    });
  }
  const request = {
    builds: build.map((folder) => resolve(folder)),
    name,
    gateway,
    image,
    push,
    base,
    module,
    output: values.output && resolve(values.output),
    dockerfile: values.dockerfile && resolve(values.dockerfile),
  };
  await end(0, { image: await makeImage(request, events) });
} catch (thrown) {
  await end(1, { error: toKerfError(thrown).toShape() });
}

async function end(code: number, document: unknown): Promise<never> {
  await launcher.flush();
  return new Promise(() => {
    process.stdout.write(`${JSON.stringify(document)}\n`, () => process.exit(code));
  });
}
