import { randomHex } from "@kerf/kernel";
import { drainMs } from "../../supervisor/slot.ts";
import type { Program } from "../../supervisor/program.ts";
import type { Supervisor } from "../../supervisor/supervisor.ts";
import type { ForeignImage } from "./foreign-image.ts";

/** An image as what the supervisor keeps running: each copy is its program and the sidecar beside it. */
export function programOfImage(image: ForeignImage): Program {
  const { name, replicas, revision } = image;
  return { unit: name, kind: "image", image, services: [], copies: replicas, release: revision };
}

/** Images with sidecars: their copies start, drain and come back as those of any unit. */
export class ImageUnits {
  readonly #supervisor: () => Pick<Supervisor, "apply" | "resize" | "slotsOf" | "stage">;

  constructor(supervisor: () => Pick<Supervisor, "apply" | "resize" | "slotsOf" | "stage">) {
    this.#supervisor = supervisor;
  }

  /** How many copies serve. */
  ready(name: string): number {
    return this.#supervisor()
      .slotsOf(name)
      .filter(({ state }) => state === "ready").length;
  }

  /** Goes on with what runs and starts what is missing; never rejects: what fails is reported and tried again. */
  resume(image: ForeignImage): Promise<void> {
    return this.#supervisor().apply([programOfImage(image)]);
  }

  /**
   * Starts copies of an image beside those that serve. Answers what lets them take their places, which resolves when those before them have ended. Rejects when
   * one does not get ready; then none of them is left.
   */
  async stage(image: ForeignImage): Promise<() => Promise<unknown>> {
    const program = programOfImage(image);
    const change = `image-${image.name}-${randomHex(4)}`;
    const staged = this.#supervisor().stage(change, [[program]], []);
    try {
      await staged.start(new Set([image.name]));
      staged.assertReady();
    } catch (thrown) {
      await staged.abandon();
      throw thrown;
    }
    return () => staged.promote(drainMs);
  }

  /** Gives an image that runs another number of copies; with 0 it ends. Resolves when those that are new are ready, and those that go have ended. */
  async resize(image: ForeignImage, copies: number): Promise<void> {
    const slots = this.#supervisor().slotsOf(image.name);
    const before = slots.flatMap((slot) => slot.instances);
    await this.#supervisor().resize({ ...programOfImage(image), copies });
    const serving = new Set(slots.map((slot) => slot.current));
    const going = before.filter((instance) => !serving.has(instance));
    await Promise.all(going.map((instance) => instance.whenEnded));
  }
}
