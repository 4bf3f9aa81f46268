import { join } from "node:path";
import type { ForeignImageStatus } from "@kerf/control-api";
import { type Clock, KerfError, type Timer } from "@kerf/kernel";
import type { ManifestService } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import type { Placement } from "../../placement/snapshot-builder.ts";
import type { Home } from "../../state/home.ts";
import { readJson, writeJson } from "../../state/json-file.ts";
import type { Program } from "../../supervisor/program.ts";
import type { Engine } from "./engine.ts";
import { databaseOfImage, hasEvents } from "./image-events.ts";
import type { ImageSecrets } from "./image-secrets.ts";
import type { ImageNetworks } from "./image-networks.ts";
import { type ImageUnits, programOfImage } from "./image-units.ts";
import type { ForeignContainers } from "./foreign-containers.ts";
import { type ForeignImage, placeOf, withCallers, withImages } from "./foreign-image.ts";
import { gatewayOfImage, type ImageNeighbours } from "./gateway-of-image.ts";
import { ImageCopies } from "./image-copies.ts";

/** How often the engine is asked what runs, milliseconds: a copy that was started again may have another address. */
const everyMs = 1_000;
/** What is asked for. */
export type ForeignRequest = Omit<ForeignImage, "gateway" | "id" | "revision" | "secrets"> & {
  readonly gateway?: string | undefined;
  /** Values, by name. */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
};

/** What the images of others need of the platform. */
export interface ForeignSurroundings extends Omit<ImageNeighbours, "images"> {
  readonly clock: Clock;
  readonly log: Logger;
  /** What runs, or where, is different now. */
  changed(): void;
  /** Resolves when everyone who routes knows. */
  acknowledged(): Promise<void>;
  /** Keeps secrets. */
  readonly secrets: ImageSecrets;
  /** Runs images with sidecars. */
  readonly units: ImageUnits;
  /** Makes the databases of images with events, beside those of services. Rejects with why that of `name` cannot be used. */
  prepareDatabase(name: string): Promise<void>;
}

/** Images of others that run as services: what is to run is kept in `state/images.json`, and their containers are held to it. */
export class ForeignImages {
  readonly #home: Home;
  readonly #containers: ForeignContainers;
  readonly #around: ForeignSurroundings;
  readonly #networks: ImageNetworks;
  readonly #copies: ImageCopies;
  #images: Readonly<Record<string, ForeignImage>>;
  /** What is being deployed: it may call before it serves. */
  #coming: ForeignImage | undefined;
  /** One after the other: a deploy replaces what the one before made. */
  #changing: Promise<unknown> = Promise.resolve();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(
    home: Home,
    engine: Engine,
    containers: ForeignContainers,
    networks: ImageNetworks,
    around: ForeignSurroundings,
  ) {
    this.#networks = networks;
    this.#home = home;
    this.#containers = containers;
    this.#around = around;
    this.#images = readJson<Record<string, ForeignImage>>(this.#file) ?? {};
    this.#copies = new ImageCopies({
      home,
      engine,
      containers,
      wanted: () => Object.values(this.#images).filter(({ sidecar }) => sidecar === undefined),
      moved: () => around.changed(),
    });
  }

  /** Finds the copies that run already, so that gateways are not told otherwise. Never rejects. */
  async find(): Promise<void> {
    await this.#copies
      .look(false)
      .catch((error: unknown) =>
        this.#around.log.warn("copies of images could not be found", { error }),
      );
  }

  /** Brings what runs to what is to run, and watches it from now on. Never rejects. */
  async start(): Promise<void> {
    await this.#inTurn(async () => {
      for (const image of Object.values(this.#images)) {
        await this.#around.secrets.write(image);
        if (image.sidecar === undefined) await this.#copies.fill(image);
        else await this.#around.units.resume(image);
      }
      await this.#copies.endOthers();
      await this.#copies.look(true);
    }).catch((error: unknown) => this.#around.log.warn("images could not be started", { error }));
    this.#watch();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** A placement in which gateways know them. */
  into(placement: Placement): Placement {
    const images = Object.values(this.#images);
    const callers = this.#coming === undefined ? images : [...images, this.#coming];
    return withImages(
      withCallers(placement, callers, (service) => this.#around.contractOf(service)),
      images,
      this.#copies.addresses,
    );
  }

  /** Those whose sidecars keep events, as databases are made for services. */
  get databases(): ManifestService[] {
    const images = [...Object.values(this.#images), ...(this.#coming ? [this.#coming] : [])];
    const named = new Map(
      images.filter(({ sidecar }) => hasEvents(sidecar)).map((image) => [image.name, image]),
    );
    return [...named.values()].map((image) => databaseOfImage(image, this.#home.state));
  }

  /** Whether an image of that name keeps events. */
  keepsEvents(name: string): boolean {
    return hasEvents(this.#images[name]?.sidecar);
  }

  /** The version of secrets that an image runs with, by whose they are in the store. */
  secretVersions(keptAs: string): number[] {
    const [, name = ""] = /^@image-(.+)$/.exec(keptAs) ?? [];
    const version = this.#images[name]?.secrets?.version;
    return version === undefined ? [] : [version];
  }

  /** Those with sidecars, as the supervisor runs them. */
  get programs(): Program[] {
    return this.#withSidecar.map(programOfImage);
  }

  get #withSidecar(): ForeignImage[] {
    return Object.values(this.#images).filter(({ sidecar }) => sidecar !== undefined);
  }

  /** How they stand. */
  get status(): ForeignImageStatus[] {
    return Object.values(this.#images).map((image) => this.#statusOf(image));
  }

  /** Where the output of each copy lies that the supervisor does not run. */
  get logs(): { source: string; file: string }[] {
    return this.#copies.logs;
  }

  /** Runs an image, in the place of the one of that name before: new copies first, then the old ones end. Throws `invalid_configuration`, `not_found` or `start_failed`; nothing has changed then. */
  deploy(
    { secrets: values = {}, ...asked }: ForeignRequest,
    by: string,
  ): Promise<ForeignImageStatus> {
    return this.#inTurn(async () => {
      const gateway = gatewayOfImage(asked, { ...this.#around, images: this.#images });
      const before = this.#images[asked.name];
      const id = await this.#containers.pull(asked.image);
      const secrets = await this.#around.secrets.keep(asked.name, values, by);
      const revision = (before?.revision ?? 0) + 1;
      const image: ForeignImage = { ...asked, gateway, id, revision, secrets };
      await this.#around.secrets.write(image);
      const take = await this.#begin(image);
      await this.#keep({ ...this.#images, [image.name]: image });
      const ended = take?.();
      await this.#copies.look(false);
      this.#around.changed();
      await this.#around.acknowledged();
      await Promise.all([ended, this.#copies.endOthers()]);
      if (before?.sidecar !== undefined && image.sidecar === undefined) await this.#endUnit(before);
      await this.#around.secrets.forget(image.name, image, by);
      return this.#statusOf(image);
    });
  }

  /** Gives an image that runs another number of copies. Throws `not_found`, and `start_failed` when one that is new does not get ready. */
  scale(name: string, replicas: number): Promise<ForeignImageStatus> {
    return this.#inTurn(async () => {
      const before = this.#images[name];
      if (before === undefined)
        throw new KerfError("not_found", {
          message: `No image is called ${JSON.stringify(name)}.`,
          fix: `Give one of: ${Object.keys(this.#images).join(", ") || "none runs"}`,
        });
      const image = { ...before, replicas };
      await this.#keep({ ...this.#images, [name]: image });
      if (image.sidecar !== undefined) await this.#around.units.resize(image, replicas);
      else {
        await this.#copies.fill(image);
        await this.#copies.look(false);
        this.#around.changed();
        await this.#around.acknowledged();
        await this.#copies.endOthers();
      }
      await this.#around.acknowledged();
      return this.#statusOf(image);
    });
  }

  /** Starts new copies beside what serves. Answers what lets those take their places that the supervisor runs. */
  async #begin(image: ForeignImage): Promise<(() => Promise<unknown>) | undefined> {
    if (image.sidecar === undefined) {
      try {
        await this.#copies.fill(image);
      } catch (thrown) {
        await this.#copies.endOthers();
        throw thrown;
      }
      return undefined;
    }
    this.#coming = image;
    try {
      // Whoever is called by what starts now knows it by then.
      this.#around.changed();
      await this.#around.acknowledged();
      if (hasEvents(image.sidecar)) await this.#around.prepareDatabase(image.name);
      return await this.#around.units.stage(image);
    } finally {
      this.#coming = undefined;
    }
  }

  /** Ends the copies of an image that the supervisor runs, and their network. */
  async #endUnit(image: ForeignImage): Promise<void> {
    await this.#around.units.resize(image, 0);
    await this.#networks.remove(image.name);
  }

  /** Ends an image. Answers whether it ran. */
  remove(name: string, by: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const { [name]: removed, ...others } = this.#images;
      if (removed === undefined) return false;
      await this.#keep(others);
      this.#around.changed();
      await this.#around.acknowledged();
      if (removed.sidecar !== undefined) await this.#endUnit(removed);
      await this.#copies.endOthers();
      await this.#copies.look(false);
      await this.#around.secrets.forget(name, undefined, by);
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

  #watch(): void {
    if (this.#stopped) return;
    this.#timer = this.#around.clock.after(everyMs, () => {
      // An engine that is away is asked again.
      void this.#inTurn(async () => {
        if (!this.#stopped) await this.#copies.tend();
      })
        .catch(() => {})
        .then(() => this.#watch());
    });
  }

  #statusOf(image: ForeignImage): ForeignImageStatus {
    const { cpus, gateway, memoryBytes, name, port, replicas, sidecar } = image;
    const ready =
      sidecar === undefined
        ? (this.#copies.addresses.get(name) ?? []).length
        : this.#around.units.ready(name);
    return {
      name,
      image: image.image,
      at: placeOf(image),
      gateway,
      port,
      replicas,
      ready,
      sidecar: sidecar !== undefined,
      ...(sidecar?.follows === undefined ? undefined : { follows: [...sidecar.follows] }),
      ...(sidecar?.emits === undefined ? undefined : { emits: sidecar.emits }),
      ...(memoryBytes === undefined ? undefined : { memoryBytes }),
      ...(cpus === undefined ? undefined : { cpus }),
    };
  }

  #inTurn<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => {});
    return done;
  }
}
