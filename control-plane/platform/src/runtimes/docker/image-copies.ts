import type { Home } from "../../state/home.ts";
import { followLog } from "./container-log.ts";
import type { Engine } from "./engine.ts";
import type { ForeignContainer, ForeignContainers } from "./foreign-containers.ts";
import type { ForeignImage } from "./foreign-image.ts";

/** What copies are run with. */
export interface ImageCopiesOptions {
  readonly home: Home;
  readonly engine: Engine;
  readonly containers: ForeignContainers;
  /** What is to run. */
  readonly wanted: () => readonly ForeignImage[];
  /** Copies are elsewhere now. */
  readonly moved: () => void;
}

/** The copies of images that have no sidecar: containers that are held to what is to run, where they are, and what they print. */
export class ImageCopies {
  readonly #options: ImageCopiesOptions;
  readonly #followed = new Set<string>();
  #addresses: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(options: ImageCopiesOptions) {
    this.#options = options;
  }

  /** Where they are, by the names of their images: `ip:port`. */
  get addresses(): ReadonlyMap<string, readonly string[]> {
    return this.#addresses;
  }

  /** Where the output of each lies. */
  get logs(): { source: string; file: string }[] {
    return this.#options.wanted().flatMap(({ name, replicas }) =>
      Array.from({ length: replicas }, (_, index) => ({
        source: name,
        file: this.#options.home.log(`${name}-${index + 1}`),
      })),
    );
  }

  /** Starts those of an image that are missing, whether it is to run already or comes. Throws `start_failed` when one does not get ready. */
  async fill(image: ForeignImage): Promise<void> {
    const { containers } = this.#options;
    const there = new Set(
      (await containers.all())
        .filter(({ name, revision }) => name === image.name && revision === image.revision)
        .map(({ copy }) => copy),
    );
    const copies = Array.from({ length: image.replicas }, (_, index) => index + 1);
    for (const copy of copies) if (!there.has(copy)) await containers.start(image, copy);
  }

  /** Ends what is not to run: earlier revisions, copies of deploys that failed, images that were removed. */
  async endOthers(): Promise<void> {
    const { containers } = this.#options;
    const all = await containers.all();
    await Promise.all(
      all.filter((each) => !this.#isWanted(each)).map(({ id }) => containers.end(id)),
    );
  }

  /** Starts again what somebody ended or removed by hand, which the engine leaves to us; then looks. */
  async tend(): Promise<void> {
    const { containers, wanted } = this.#options;
    const images = wanted();
    if (images.length === 0) return;
    const running = (await containers.all()).filter((each) => this.#isWanted(each));
    for (const { id, isEnded } of running) if (isEnded) await containers.startAgain(id);
    const copies = images.reduce((sum, { replicas }) => sum + replicas, 0);
    if (running.length < copies) for (const image of images) await this.fill(image);
    await this.look(true);
  }

  /** Looks where they are; with `tell`, says so when that is different. */
  async look(tell: boolean): Promise<void> {
    const { containers, moved } = this.#options;
    if (this.#options.wanted().length === 0 && this.#addresses.size === 0) return;
    const all = await containers.all();
    const addresses = new Map<string, string[]>();
    for (const each of all.toSorted((a, b) => a.copy - b.copy)) {
      const image = each.runs ? this.#imageOf(each) : undefined;
      if (image === undefined) continue;
      addresses.set(each.name, [...(addresses.get(each.name) ?? []), `${each.ip}:${image.port}`]);
      this.#follow(each);
    }
    const isSame = JSON.stringify([...addresses]) === JSON.stringify([...this.#addresses]);
    this.#addresses = addresses;
    if (!isSame && tell) moved();
  }

  #isWanted(container: ForeignContainer): boolean {
    return this.#imageOf(container) !== undefined;
  }

  #imageOf({ copy, name, revision }: ForeignContainer): ForeignImage | undefined {
    return this.#options
      .wanted()
      .find(
        (image) => image.name === name && image.revision === revision && copy <= image.replicas,
      );
  }

  /** Takes what a copy prints to its log file, until it ends. */
  #follow({ copy, id, name }: ForeignContainer): void {
    if (this.#followed.has(id)) return;
    this.#followed.add(id);
    const { engine, home } = this.#options;
    followLog(engine, id, home.log(`${name}-${copy}`), true)
      .catch(() => {})
      .finally(() => this.#followed.delete(id));
  }
}
