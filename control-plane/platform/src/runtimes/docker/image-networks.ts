import { KerfError, toKerfError } from "@kerf/kernel";
import type { Engine } from "./engine.ts";
import { labels } from "./labels.ts";
import { networksOf } from "./remove-all.ts";

/** Networks of images that have sidecars. Docker keeps its bridges apart: nobody but the sidecars reaches the programs on one. */
export class ImageNetworks {
  readonly #engine: Engine;
  readonly #home: string;
  readonly #prefix: string;
  /** By image. The engine would make two of one name for copies that start together. */
  readonly #opening = new Map<string, Promise<string>>();

  constructor(engine: Engine, home: string, prefix: string) {
    this.#engine = engine;
    this.#home = home;
    this.#prefix = prefix;
  }

  /** The name of an image's network, which is there from now on. Throws `start_failed` when the engine has no addresses left. */
  open(image: string): Promise<string> {
    const known = this.#opening.get(image);
    if (known !== undefined) return known;
    const opening = this.#open(image).finally(() => this.#opening.delete(image));
    this.#opening.set(image, opening);
    return opening;
  }

  /** Removes the network of an image. Never rejects: what is left goes with the platform's own. */
  async remove(image: string): Promise<void> {
    await this.#engine.call("DELETE", `/networks/${this.#nameOf(image)}`).catch(() => {});
  }

  async #open(image: string): Promise<string> {
    const name = this.#nameOf(image);
    const all = await networksOf(this.#engine, this.#home);
    if (all.some((network) => network.Name === name)) return name;
    try {
      const Labels = { [labels.home]: this.#home };
      const body = { Name: name, Driver: "bridge", CheckDuplicate: true, Labels };
      await this.#engine.call("POST", "/networks/create", { body });
      return name;
    } catch (cause) {
      throw new KerfError("start_failed", {
        message: `The network of ${image} could not be made.`,
        why: toKerfError(cause).why,
        fix: "Every image with a sidecar has a network. Docker's usual addresses are enough for about thirty; default-address-pools in /etc/docker/daemon.json gives it more.",
        cause,
      });
    }
  }

  #nameOf(image: string): string {
    return `${this.#prefix}-${image}`;
  }
}
