import type { ImageBoot } from "@kerf/call";
import { type Clock, delay, KerfError, toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { followLog } from "./container-log.ts";
import type { Engine } from "./engine.ts";
import { foreignContainer } from "./foreign-container.ts";
import type { ForeignImage } from "./foreign-image.ts";
import type { ImageNetworks } from "./image-networks.ts";
import { outboundPort, variablesBeside } from "./image-variables.ts";
import { labels } from "./labels.ts";

/** What the program may take to finish what it has begun, seconds: its sidecar has let in nobody any more by then. */
const drainSeconds = 10;
/** How long an engine that is away is asked again, milliseconds. */
const againMs = 500;

interface Inspected {
  readonly State: { readonly ExitCode: number; readonly OOMKilled: boolean };
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
  };
}

/** What the container of a program is made with. */
export interface ImageBesideOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Logger;
  readonly networks: ImageNetworks;
  /** The container's name. */
  readonly container: string;
  readonly logFile: string;
}

/** The container of an image's program behind its sidecar: on a network that only copies of the image and their sidecars are on. */
export class ImageBeside {
  readonly container: string;
  readonly #options: ImageBesideOptions;

  constructor(options: ImageBesideOptions) {
    this.container = options.container;
    this.#options = options;
  }

  /** Starts the program beside the sidecar `sidecar`, which runs and joins the image's network here. Answers what the sidecar is to know of it. */
  async start(
    image: ForeignImage,
    sidecar: string,
    of: { readonly home: string; readonly instance: string },
  ): Promise<ImageBoot> {
    const { engine, networks } = this.#options;
    const network = await networks.open(image.name);
    await engine.call("POST", `/networks/${network}/connect`, { body: { Container: sidecar } });
    const host = await this.#addressOf(sidecar, network);
    const { allow, emits, follows } = image.sidecar ?? { allow: [] };
    await engine.call("POST", "/containers/create", {
      query: { name: this.container },
      body: foreignContainer(image, {
        network,
        home: of.home,
        labels: { [labels.beside]: of.instance },
        variables: variablesBeside(image.name, host, image.sidecar),
        again: false,
      }),
    });
    await engine.call("POST", `/containers/${this.container}/start`);
    this.follow(false);
    const program = await this.#addressOf(this.container, network);
    return {
      program: `${program}:${image.port}`,
      outbound: { host, port: outboundPort },
      allow: [...allow],
      ...(follows === undefined ? undefined : { follows }),
      ...(emits === undefined ? undefined : { emits }),
    };
  }

  /** Takes what the program prints to the log of its copy. `again`: a platform before us did so. */
  follow(again: boolean): void {
    const { engine, log, logFile } = this.#options;
    followLog(engine, this.container, logFile, again).catch((error: unknown) =>
      log.warn("what a program prints cannot be read", { container: this.container, error }),
    );
  }

  /** Resolves when the program has ended, over restarts of the engine too, with how. */
  async ended(name: string): Promise<KerfError> {
    const { clock, engine } = this.#options;
    for (;;) {
      try {
        const query = { condition: "not-running" };
        await engine.call("POST", `/containers/${this.container}/wait`, { query, boundMs: 0 });
        const { State } = await this.#inspect(this.container);
        return endOf(name, State);
      } catch (thrown) {
        if (toKerfError(thrown).code === "not_found") return endOf(name, undefined);
        await delay(clock, againMs);
      }
    }
  }

  /** Lets the program finish what it has begun, and removes its container. Never rejects. */
  async end(): Promise<void> {
    const query = { t: String(drainSeconds) };
    await this.#options.engine
      .call("POST", `/containers/${this.container}/stop`, { query })
      .catch(() => {});
    await this.remove();
  }

  /** Ends it at once and removes it; what is left is found by its label. Never rejects. */
  async remove(): Promise<void> {
    const query = { force: "1", v: "1" };
    await this.#options.engine
      .call("DELETE", `/containers/${this.container}`, { query })
      .catch(() => {});
  }

  async #addressOf(container: string, network: string): Promise<string> {
    const { NetworkSettings } = await this.#inspect(container);
    const ip = NetworkSettings.Networks[network]?.IPAddress ?? "";
    if (ip !== "") return ip;
    throw new KerfError("start_failed", {
      message: `The container ${container} is not on the network ${network}.`,
      why: "It ended as soon as it started, or somebody took it away.",
      fix: "See what it says: run the image by itself, docker run --rm IMAGE.",
    });
  }

  #inspect(container: string): Promise<Inspected> {
    return this.#options.engine.call("GET", `/containers/${container}/json`);
  }
}

function endOf(name: string, state: Inspected["State"] | undefined): KerfError {
  const how =
    state === undefined
      ? "was removed"
      : state.OOMKilled
        ? "was ended: it used more memory than it may"
        : `ended with exit code ${state.ExitCode}`;
  return new KerfError("start_failed", {
    message: `The program of ${name} ${how}.`,
    why: "A service's program runs until it is asked to end.",
    fix: `It is started again by itself, with its sidecar. What it said last: kerf logs ${name}`,
  });
}
