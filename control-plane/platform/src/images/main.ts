// The program that makes images: `node @kerf/platform/images --build DIR --image REF [--module FILE] [--base REF] [--output FILE] [--push]
// [--dockerfile DIR]`. Progress events go to descriptor 3, one a line, when somebody reads there. Stdout carries one JSON document: `{"image":
// ImageReport}` with exit code 0, or `{"error": ErrorShape}` with exit code 1.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { KerfError, systemClock, toKerfError } from "@kerf/kernel";
import { EventLog } from "../progress/event-log.ts";
import { progressPipe } from "../progress/progress-pipe.ts";
import { makeImage } from "./make-image.ts";

const events = new EventLog(systemClock);
const launcher = progressPipe();
events.subscribe((event) => launcher.write(event));

try {
  const { values } = parseArgs({
    options: {
      build: { type: "string" },
      image: { type: "string" },
      module: { type: "string" },
      base: { type: "string" },
      output: { type: "string" },
      push: { type: "boolean" },
      dockerfile: { type: "string" },
    },
  });
  const { build, image, push = false, base, module } = values;
  if (build === undefined || image === undefined) {
    throw new KerfError("invalid_configuration", {
      message: "It takes --build DIR and --image REF.",
      fix: "Use kerf build SERVICE --image REF, which starts it.",
    });
  }
  const request = {
    build: resolve(build),
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

async function end(code: number, document: unknown): Promise<void> {
  await launcher.flush();
  process.stdout.write(`${JSON.stringify(document)}\n`, () => process.exit(code));
}
