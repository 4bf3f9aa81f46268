import type { ServedArguments, ServedOperation } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import { userOf } from "../audit/audited-operations.ts";
import type { ForeignImages, ForeignRequest } from "../runtimes/docker/foreign-images.ts";

/** Operations on images of others; undefined where units are no containers. */
export function imageOperations(
  images: Pick<ForeignImages, "deploy" | "remove" | "scale" | "status"> | undefined,
  inFull: (run: (args: ServedArguments) => unknown) => ServedOperation,
) {
  return {
    images: { run: () => ({ images: images?.status ?? [] }) },
    deployImage: inFull(({ context, input }) => {
      if (images === undefined) throw noContainers();
      return images.deploy(input as ForeignRequest, userOf(context));
    }),
    scaleImage: inFull(({ input }) => {
      const { name, replicas } = input as { name: string; replicas: number };
      if (images === undefined) throw noContainers();
      return images.scale(name, replicas);
    }),
    removeImage: inFull(async ({ context, input }) => {
      const { name } = input as { name: string };
      return { removed: (await images?.remove(name, userOf(context))) ?? false };
    }),
  };
}

function noContainers(): KerfError {
  return new KerfError("invalid_configuration", {
    message: "This platform runs no containers.",
    why: "Its units are processes.",
    fix: "Start it with kerf up --runtime docker.",
  });
}
