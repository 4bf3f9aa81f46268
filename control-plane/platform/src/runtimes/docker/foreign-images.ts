import { join } from "node:path";
import type { ForeignImageStatus } from "@kerf/control-api";
import { type Clock, KerfError, type Timer } from "@kerf/kernel";
import type { GatewaySettings } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import type { Placement } from "../../placement/snapshot-builder.ts";
import type { Home } from "../../state/home.ts";
import { readJson, writeJson } from "../../state/json-file.ts";
import { followLog } from "./container-log.ts";
import type { Engine } from "./engine.ts";
import type { ForeignContainer, ForeignContainers } from "./foreign-containers.ts";
import { conflictsWith, type ForeignImage, placeOf, withImages } from "./foreign-image.ts";

/** How often the engine is asked what runs, milliseconds: a copy that was started again may have another address. */
const everyMs = 1_000;
/** Most images of others. */
const mostImages = 100;

/** What is asked for. */
export type ForeignRequest = Omit<ForeignImage, "gateway" | "id" | "revision"> & {
  readonly gateway?: string | undefined;
};

/** What the images of others need of the platform. */
export interface ForeignSurroundings {
  readonly clock: Clock;
  readonly log: Logger;
  /** What runs, or where, is different now. */
  changed(): void;
  /** Resolves when everyone who routes knows. */
  acknowledged(): Promise<void>;
  /** The gateways with their own settings; the first one is meant where none is named. */
  gateways(): readonly { readonly name: string; readonly settings: GatewaySettings }[];
  /** Whether a name is one of a service. */
  isService(name: string): boolean;
}

/** Images of others that run as services: what is to run is kept in `state/images.json`, and their containers are held to it. */
export class ForeignImages {
  readonly #home: Home;
  readonly #engine: Engine;
  readonly #containers: ForeignContainers;
  readonly #around: ForeignSurroundings;
  readonly #followed = new Set<string>();
  #images: Readonly<Record<string, ForeignImage>>;
  #addresses: ReadonlyMap<string, readonly string[]> = new Map();
  /** One after the other: a deploy replaces what the one before made. */
  #changing: Promise<unknown> = Promise.resolve();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(
    home: Home,
    engine: Engine,
    containers: ForeignContainers,
    around: ForeignSurroundings,
  ) {
    this.#home = home;
    this.#engine = engine;
    this.#containers = containers;
    this.#around = around;
    this.#images = readJson<Record<string, ForeignImage>>(this.#file) ?? {};
  }

  /** Brings what runs to what is to run, and watches it from now on. Never rejects. */
  async start(): Promise<void> {
    await this.#inTurn(async () => {
      for (const image of Object.values(this.#images)) await this.#fill(image);
      await this.#removeOthers();
      await this.#look(true);
    }).catch((error: unknown) => this.#around.log.warn("images could not be started", { error }));
    this.#watch();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** A placement in which gateways know them. */
  into(placement: Placement): Placement {
    return withImages(placement, Object.values(this.#images), this.#addresses);
  }

  /** How they stand. */
  get status(): ForeignImageStatus[] {
    return Object.values(this.#images).map((image) => this.#statusOf(image));
  }

  /** Where the output of each copy lies. */
  get logs(): { source: string; file: string }[] {
    return Object.values(this.#images).flatMap(({ name, replicas }) =>
      Array.from({ length: replicas }, (_, index) => ({
        source: name,
        file: this.#home.log(`${name}-${index + 1}`),
      })),
    );
  }

  /** Runs an image, in the place of the one of that name before: new copies first, then the old ones end. Throws `invalid_configuration`, `not_found` or `start_failed`; nothing has changed then. */
  deploy(asked: ForeignRequest): Promise<ForeignImageStatus> {
    return this.#inTurn(async () => {
      const gateway = this.#assertPossible(asked);
      const before = this.#images[asked.name];
      const id = await this.#containers.pull(asked.image);
      const image: ForeignImage = { ...asked, gateway, id, revision: (before?.revision ?? 0) + 1 };
      try {
        await this.#fill(image);
      } catch (thrown) {
        await this.#removeOthers();
        throw thrown;
      }
      await this.#keep({ ...this.#images, [image.name]: image });
      await this.#look(false);
      this.#around.changed();
      await this.#around.acknowledged();
      await this.#removeOthers();
      return this.#statusOf(image);
    });
  }

  /** Ends an image. Answers whether it ran. */
  remove(name: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const { [name]: removed, ...others } = this.#images;
      if (removed === undefined) return false;
      await this.#keep(others);
      this.#around.changed();
      await this.#around.acknowledged();
      await this.#removeOthers();
      await this.#look(false);
      return true;
    });
  }

  get #file(): string {
    return join(this.#home.state, "images.json");
  }

  async #keep(images: Readonly<Record<string, ForeignImage>>): Promise<void> {
    await writeJson(this.#file, images);
    this.#images = images;
  }

  /** Starts the copies that are missing. */
  async #fill(image: ForeignImage): Promise<void> {
    const there = new Set(
      (await this.#containers.all())
        .filter(({ name, revision }) => name === image.name && revision === image.revision)
        .map(({ copy }) => copy),
    );
    const copies = Array.from({ length: image.replicas }, (_, index) => index + 1);
    for (const copy of copies) if (!there.has(copy)) await this.#containers.start(image, copy);
  }

  /** Ends what is not to run: earlier revisions, copies of deploys that failed, images that were removed. */
  async #removeOthers(): Promise<void> {
    const all = await this.#containers.all();
    await Promise.all(
      all.filter((each) => !this.#isWanted(each)).map(({ id }) => this.#containers.end(id)),
    );
  }

  #isWanted({ copy, name, revision }: ForeignContainer): boolean {
    const image = this.#images[name];
    return image?.revision === revision && copy <= image.replicas;
  }

  #watch(): void {
    if (this.#stopped) return;
    this.#timer = this.#around.clock.after(everyMs, () => {
      // An engine that is away is asked again.
      void this.#inTurn(() => this.#tend())
        .catch(() => {})
        .then(() => this.#watch());
    });
  }

  /** Starts again what somebody ended or removed by hand, which the engine leaves to us; then looks. */
  async #tend(): Promise<void> {
    if (this.#stopped || Object.keys(this.#images).length === 0) return;
    const all = await this.#containers.all();
    const wanted = all.filter((each) => this.#isWanted(each));
    for (const { id, isEnded } of wanted) if (isEnded) await this.#containers.startAgain(id);
    const copies = Object.values(this.#images).reduce((sum, { replicas }) => sum + replicas, 0);
    if (wanted.length < copies)
      for (const image of Object.values(this.#images)) await this.#fill(image);
    await this.#look(true);
  }

  /** Looks where copies are; tells when that is different. */
  async #look(tell: boolean): Promise<void> {
    if (Object.keys(this.#images).length === 0 && this.#addresses.size === 0) return;
    const all = await this.#containers.all();
    const addresses = new Map<string, string[]>();
    for (const each of all.toSorted((a, b) => a.copy - b.copy)) {
      if (!each.runs || !this.#isWanted(each)) continue;
      const port = this.#images[each.name]?.port ?? 0;
      addresses.set(each.name, [...(addresses.get(each.name) ?? []), `${each.ip}:${port}`]);
      this.#follow(each);
    }
    const isSame = JSON.stringify([...addresses]) === JSON.stringify([...this.#addresses]);
    this.#addresses = addresses;
    if (!isSame && tell) this.#around.changed();
  }

  /** Takes what a copy prints to its log file, until it ends. */
  #follow({ copy, id, name }: ForeignContainer): void {
    if (this.#followed.has(id)) return;
    this.#followed.add(id);
    const file = this.#home.log(`${name}-${copy}`);
    followLog(this.#engine, id, file, true)
      .catch(() => {})
      .finally(() => this.#followed.delete(id));
  }

  #statusOf(image: ForeignImage): ForeignImageStatus {
    const { cpus, gateway, memoryBytes, name, port, replicas } = image;
    const ready = (this.#addresses.get(name) ?? []).length;
    return {
      name,
      image: image.image,
      at: placeOf(image),
      gateway,
      port,
      replicas,
      ready,
      ...(memoryBytes === undefined ? undefined : { memoryBytes }),
      ...(cpus === undefined ? undefined : { cpus }),
    };
  }

  /** The gateway that is to have it. */
  #assertPossible({ domain, gateway, name }: ForeignRequest): string {
    const gateways = this.#around.gateways();
    const chosen = gateways.find((each) => gateway === undefined || each.name === gateway);
    if (chosen === undefined)
      throw wrong(
        `There is no gateway ${JSON.stringify(gateway)}.`,
        `Give one of: ${gateways.map((each) => each.name).join(", ")}`,
      );
    const [conflict] = conflictsWith(chosen.settings, { name, domain });
    if (conflict !== undefined)
      throw wrong(
        `The gateway ${chosen.name} cannot have ${name}: ${conflict}.`,
        "Call it otherwise, or give it a domain: --domain HOST",
      );
    if (this.#around.isService(name))
      throw wrong(`${name} is a service of the app.`, "Call the image otherwise: --app NAME");
    const others = Object.values(this.#images).filter((image) => image.name !== name);
    if (others.length >= mostImages)
      throw wrong(`${mostImages} images run already.`, "Remove one: kerf undeploy NAME");
    const taken = others.find(
      (each) => domain !== undefined && each.domain === domain && each.gateway === chosen.name,
    );
    if (taken !== undefined)
      throw wrong(`${domain} is where ${taken.name} is.`, "Name another domain.");
    return chosen.name;
  }

  #inTurn<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => {});
    return done;
  }
}

function wrong(message: string, fix: string): KerfError {
  return new KerfError("invalid_configuration", { message, fix });
}
