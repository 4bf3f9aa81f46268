import type { ProcessRuntime } from "./process.ts";
import type { Launch, Running, Runtime } from "./runtime.ts";
import { type DockerRuntime, isContainer } from "./docker/docker.ts";

/**
 * Units and images as containers, everything else as processes: gateways pass ports of this machine on, and what a sidecar starts is installed on it. What is a process
 * listens where containers reach it.
 */
export class ByProgram implements Runtime {
  readonly #containers: DockerRuntime;
  readonly #processes: ProcessRuntime;
  readonly #hostAddress: string;

  constructor(containers: DockerRuntime, processes: ProcessRuntime, hostAddress: string) {
    this.#containers = containers;
    this.#processes = processes;
    this.#hostAddress = hostAddress;
  }

  start(launch: Launch, recorded: (running: Running) => Promise<void>): Promise<Running> {
    if (launch.program === "host" || launch.program === "image-sidecar")
      return this.#containers.start(launch, recorded);
    const boot = launch.boot.then((document) =>
      document.address === undefined
        ? document
        : { ...document, address: `tcp:${this.#hostAddress}:0` },
    );
    // It is awaited by whoever starts it, a moment later.
    boot.catch(() => {});
    return this.#processes.start({ ...launch, boot }, recorded);
  }

  adopt(reference: unknown): Running | undefined {
    return isContainer(reference)
      ? this.#containers.adopt(reference)
      : this.#processes.adopt(reference);
  }
}
