import type { BrokerBoot } from "@kerf/call";
import { type Clock, KerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { KeptServer, type OpenedServer } from "./kept-server.ts";

/** Runs a broker. */
export interface BrokerContainer {
  /** The image that it runs. */
  readonly image: string;
  /** How programs reach it, whether it runs or not. */
  place(): Promise<BrokerBoot>;
  /** Starts it, or adopts it. */
  open(signal: AbortSignal): Promise<OpenedServer<BrokerBoot>>;
}

/** What the broker tells of itself. */
export interface BrokerServerOptions {
  readonly container: BrokerContainer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly logFile: string;
  /** It entered another state. */
  moved(server: BrokerServer): void;
  problem(error: KerfError, source: string): void;
}

/** The broker that carries events, where the platform runs it. While it is away programs read the logs of those who emit. */
export class BrokerServer extends KeptServer<BrokerBoot> {
  readonly #container: BrokerContainer;
  readonly logFile: string;
  #url = "";

  constructor(options: BrokerServerOptions) {
    const { clock, container, log, logFile } = options;
    super({
      source: "broker",
      clock,
      log,
      problem: (error, of) => options.problem(error, of),
      open: (signal) => container.open(signal),
      started: async ({ url }) => {
        this.#url = url;
      },
      moved: () => options.moved(this),
      ended: ({ pid }) =>
        new KerfError("start_failed", {
          message: `The broker (process ${pid}) ended while it ran.`,
          why: "Somebody ended it, or it ran out of memory or disk.",
          fix: "It is started again by itself, and events are read from the logs meanwhile. Its log: kerf logs broker",
        }),
    });
    this.#container = container;
    this.logFile = logFile;
  }

  get image(): string {
    return this.#container.image;
  }

  /** Where it answers; empty until it has. */
  get url(): string {
    return this.#url;
  }

  /** How programs reach it. */
  place(): Promise<BrokerBoot> {
    return this.#container.place();
  }
}
