import { KerfError, toKerfError } from "@kerf/kernel";
import type { Engine } from "./engine.ts";
import { labels } from "./labels.ts";

/**
 * The network of one image that has sidecars, made when it is not there. Docker keeps its bridges apart: nobody but the sidecars reaches the programs on it.
 * Answers its name. Throws `start_failed` when the engine has no addresses left.
 */
export async function imageNetwork(
  engine: Engine,
  home: string,
  prefix: string,
  image: string,
): Promise<string> {
  const name = nameOf(prefix, image);
  try {
    await engine.call("POST", "/networks/create", {
      body: { Name: name, Driver: "bridge", CheckDuplicate: true, Labels: { [labels.home]: home } },
    });
  } catch (thrown) {
    const { code, why } = toKerfError(thrown);
    if (code === "conflict") return name;
    throw new KerfError("start_failed", {
      message: `The network of ${image} could not be made.`,
      why,
      fix: "Every image with a sidecar has a network. Docker's usual addresses are enough for about thirty; default-address-pools in /etc/docker/daemon.json gives it more.",
      cause: thrown,
    });
  }
  return name;
}

/** Removes the network of an image. Never rejects: what is left goes with the platform's own. */
export async function removeImageNetwork(
  engine: Engine,
  prefix: string,
  image: string,
): Promise<void> {
  await engine.call("DELETE", `/networks/${nameOf(prefix, image)}`).catch(() => {});
}

function nameOf(prefix: string, image: string): string {
  return `${prefix}-${image}`;
}
