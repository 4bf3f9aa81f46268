import { takesConnections } from "@kerf/call/http";
import { type Clock, delay, KerfError } from "@kerf/kernel";
import type { Engine } from "./engine.ts";
import { foreignContainer } from "./foreign-container.ts";
import type { ForeignImage } from "./foreign-image.ts";
import { labels } from "./labels.ts";
import { pullImage } from "./pull-image.ts";

/** How long a copy may take until it takes connections, and how often that is tried, milliseconds. */
const readyMs = 60_000;
const againMs = 200;
/** What a copy that is replaced may take to finish what it has begun, seconds. */
const drainSeconds = 10;

/** A container of an image of somebody else. */
export interface ForeignContainer {
  readonly id: string;
  readonly name: string;
  readonly revision: number;
  readonly copy: number;
  readonly runs: boolean;
  /** It ended, and the engine does not start it again by itself. */
  readonly isEnded: boolean;
  /** On the network; empty when it does not run. */
  readonly ip: string;
}

interface Listed {
  readonly Id: string;
  readonly State: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
  };
}

/** Containers of images that know nothing of Kerf. The engine starts one again that ends; so it does while the platform is away. */
export class ForeignContainers {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #network: string;
  readonly #home: string;

  constructor(options: { engine: Engine; clock: Clock; network: string; home: string }) {
    this.#engine = options.engine;
    this.#clock = options.clock;
    this.#network = options.network;
    this.#home = options.home;
  }

  /** Fetches an image and answers its id. Without a registry, what the engine has under the name is taken. */
  pull(image: string): Promise<string> {
    return pullImage(this.#engine, image);
  }

  /** Starts one copy and waits until it takes connections. What does not is removed. Throws `start_failed`. */
  async start(image: ForeignImage, copy: number): Promise<void> {
    const name = `${this.#network}-${image.name}-${image.revision}-${copy}`;
    // One of a deploy that a platform before us did not finish.
    await this.remove(name);
    await this.#engine.call("POST", "/containers/create", {
      query: { name },
      body: foreignContainer(image, {
        network: this.#network,
        home: this.#home,
        labels: {
          [labels.foreign]: image.name,
          [labels.revision]: String(image.revision),
          [labels.copy]: String(copy),
        },
        again: true,
      }),
    });
    try {
      await this.#engine.call("POST", `/containers/${name}/start`);
      await this.#ready(name, image);
    } catch (thrown) {
      await this.remove(name);
      throw thrown;
    }
  }

  /** Every container of such images, as they are now. */
  async all(): Promise<ForeignContainer[]> {
    const filters = JSON.stringify({ label: [`${labels.home}=${this.#home}`, labels.foreign] });
    const listed = await this.#engine.call<Listed[]>("GET", "/containers/json", {
      query: { all: "1", filters },
    });
    return listed.map(({ Id, Labels, NetworkSettings, State }) => ({
      id: Id,
      name: Labels[labels.foreign] ?? "",
      revision: Number(Labels[labels.revision]),
      copy: Number(Labels[labels.copy]),
      runs: State === "running",
      isEnded: State === "exited",
      ip: NetworkSettings.Networks[this.#network]?.IPAddress ?? "",
    }));
  }

  /** Starts a copy that has ended. */
  async startAgain(id: string): Promise<void> {
    await this.#engine.call("POST", `/containers/${id}/start`);
  }

  /** Lets a copy finish what it has begun, and removes it. */
  async end(id: string): Promise<void> {
    const query = { t: String(drainSeconds) };
    await this.#engine.call("POST", `/containers/${id}/stop`, { query }).catch(() => {});
    await this.remove(id);
  }

  async remove(id: string): Promise<void> {
    const query = { force: "1", v: "1" };
    // It is not there, or is found again by its label.
    await this.#engine.call("DELETE", `/containers/${id}`, { query }).catch(() => {});
  }

  async #ready(name: string, { name: service, port }: ForeignImage): Promise<void> {
    const until = this.#clock.now() + readyMs;
    for (;;) {
      const { NetworkSettings, RestartCount } = await this.#engine.call<
        Pick<Listed, "NetworkSettings"> & { RestartCount: number }
      >("GET", `/containers/${name}/json`);
      const ip = NetworkSettings.Networks[this.#network]?.IPAddress ?? "";
      if (ip !== "" && (await takesConnections(ip, port))) return;
      if (RestartCount > 2) throw this.#failed(service, "It ends as soon as it starts.", name);
      if (this.#clock.now() > until)
        throw this.#failed(service, `Nothing listens at its port ${port} after 60 s.`, name);
      await delay(this.#clock, againMs);
    }
  }

  #failed(service: string, why: string, container: string): KerfError {
    return new KerfError("start_failed", {
      message: `The image of ${service} does not run.`,
      why,
      fix: `What served before serves on. See what it says: docker run --rm IMAGE (its container was ${container}); another port is named with --port.`,
    });
  }
}
