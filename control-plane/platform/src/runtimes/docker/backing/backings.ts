import type { EventLog } from "../../../progress/event-log.ts";
import type { BackingSurroundings } from "./backing-container.ts";
import { backingImage } from "./backing-image.ts";
import { NatsInContainer } from "./nats-container.ts";
import { PostgresInContainers } from "./postgres-containers.ts";
import { RedisInContainer } from "./redis-container.ts";

/** Which backing services are containers, and of which images. */
export interface BackingImages {
  readonly postgres?: string | undefined;
  readonly broker?: string | undefined;
  readonly redis?: string | undefined;
}

/** The backing services of a platform that are containers. */
export class Backings {
  readonly postgres: PostgresInContainers | undefined;
  readonly broker: NatsInContainer | undefined;
  readonly redis: RedisInContainer | undefined;
  readonly #around: BackingSurroundings;
  readonly #events: EventLog;
  readonly #images = new Map<string, Promise<string>>();

  constructor(
    { broker, postgres, redis }: BackingImages,
    around: BackingSurroundings & { readonly events: EventLog },
    network: { readonly name: string; readonly hostAddress: string },
  ) {
    this.#around = around;
    this.#events = around.events;
    if (postgres !== undefined)
      this.postgres = new PostgresInContainers(postgres, () => this.#image(postgres), around);
    if (broker !== undefined)
      this.broker = new NatsInContainer(broker, () => this.#image(broker), around, network);
    if (redis !== undefined)
      this.redis = new RedisInContainer(redis, () => this.#image(redis), around);
  }

  /** Fetches the images that the engine has not got. Throws `not_found`: without them nothing need be started. */
  async prepare(): Promise<void> {
    const images = [this.postgres?.image, this.broker?.image, this.redis?.image].filter(
      (image) => image !== undefined,
    );
    await Promise.all(images.map((image) => this.#image(image)));
  }

  #image(image: string): Promise<string> {
    let found = this.#images.get(image);
    if (found === undefined) {
      found = backingImage(this.#around.engine, this.#events, image);
      this.#images.set(image, found);
      found.catch(() => this.#images.delete(image));
    }
    return found;
  }
}
