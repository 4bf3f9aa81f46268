import { join } from "node:path";
import type { ContractDescription } from "@kerf/contract";
import type { ForeignImageStatus } from "@kerf/control-api";
import { type Clock, KerfError, type Timer } from "@kerf/kernel";
import type { GatewaySettings, ManifestService } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import type { Placement } from "../../placement/snapshot-builder.ts";
import type { Home } from "../../state/home.ts";
import { readJson, writeJson } from "../../state/json-file.ts";
import type { Program } from "../../supervisor/program.ts";
import { followLog } from "./container-log.ts";
import type { Engine } from "./engine.ts";
import { assertEmitted, databaseOfImage, hasEvents } from "./image-events.ts";
import type { ImageSecrets } from "./image-secrets.ts";
import type { ImageNetworks } from "./image-networks.ts";
import { type ImageUnits, programOfImage } from "./image-units.ts";
import type { ForeignContainer, ForeignContainers } from "./foreign-containers.ts";
import {
  conflictsWith,
  type ForeignImage,
  placeOf,
  withCallers,
  withImages,
} from "./foreign-image.ts";

/** How often the engine is asked what runs, milliseconds: a copy that was started again may have another address. */
const everyMs = 1_000;
/** Most images of others. */
const mostImages = 100;

/** What is asked for. */
export type ForeignRequest = Omit<ForeignImage, "gateway" | "id" | "revision" | "secrets"> & {
  readonly gateway?: string | undefined;
  /** Values, by name. */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
};

/** What the images of others need of the platform. */
export interface ForeignSurroundings {
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
  /** The contract of a service of the app; undefined where there is no such service. */
  contractOf(service: string): ContractDescription | undefined;
  /** The gateways with their own settings; the first one is meant where none is named. */
  gateways(): readonly { readonly name: string; readonly settings: GatewaySettings }[];
  /** Makes the databases of images with events, beside those of services. Rejects with why that of `name` cannot be used. */
  prepareDatabase(name: string): Promise<void>;
  /** Whether a name is one of a service or a unit. */
  isTaken(name: string): boolean;
}

/** Images of others that run as services: what is to run is kept in `state/images.json`, and their containers are held to it. */
export class ForeignImages {
  readonly #home: Home;
  readonly #engine: Engine;
  readonly #containers: ForeignContainers;
  readonly #around: ForeignSurroundings;
  readonly #networks: ImageNetworks;
  readonly #followed = new Set<string>();
  #images: Readonly<Record<string, ForeignImage>>;
  /** What is being deployed: it may call before it serves. */
  #coming: ForeignImage | undefined;
  #addresses: ReadonlyMap<string, readonly string[]> = new Map();
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
    this.#engine = engine;
    this.#containers = containers;
    this.#around = around;
    this.#images = readJson<Record<string, ForeignImage>>(this.#file) ?? {};
  }

  /** Finds the copies that run already, so that gateways are not told otherwise. Never rejects. */
  async find(): Promise<void> {
    await this.#look(false).catch((error: unknown) =>
      this.#around.log.warn("copies of images could not be found", { error }),
    );
  }

  /** Brings what runs to what is to run, and watches it from now on. Never rejects. */
  async start(): Promise<void> {
    await this.#inTurn(async () => {
      for (const image of Object.values(this.#images)) {
        await this.#around.secrets.write(image);
        if (image.sidecar === undefined) await this.#fill(image);
        else await this.#around.units.resume(image);
      }
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
    const images = Object.values(this.#images);
    const callers = this.#coming === undefined ? images : [...images, this.#coming];
    return withImages(
      withCallers(placement, callers, (service) => this.#around.contractOf(service)),
      images,
      this.#addresses,
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

  get #withoutSidecar(): ForeignImage[] {
    return Object.values(this.#images).filter(({ sidecar }) => sidecar === undefined);
  }

  /** How they stand. */
  get status(): ForeignImageStatus[] {
    return Object.values(this.#images).map((image) => this.#statusOf(image));
  }

  /** Where the output of each copy lies that the supervisor does not run. */
  get logs(): { source: string; file: string }[] {
    return this.#withoutSidecar.flatMap(({ name, replicas }) =>
      Array.from({ length: replicas }, (_, index) => ({
        source: name,
        file: this.#home.log(`${name}-${index + 1}`),
      })),
    );
  }

  /** Runs an image, in the place of the one of that name before: new copies first, then the old ones end. Throws `invalid_configuration`, `not_found` or `start_failed`; nothing has changed then. */
  deploy(
    { secrets: values = {}, ...asked }: ForeignRequest,
    by: string,
  ): Promise<ForeignImageStatus> {
    return this.#inTurn(async () => {
      const gateway = this.#assertPossible(asked);
      const before = this.#images[asked.name];
      const id = await this.#containers.pull(asked.image);
      const secrets = await this.#around.secrets.keep(asked.name, values, by);
      const revision = (before?.revision ?? 0) + 1;
      const image: ForeignImage = { ...asked, gateway, id, revision, secrets };
      await this.#around.secrets.write(image);
      const take = await this.#begin(image);
      await this.#keep({ ...this.#images, [image.name]: image });
      const ended = take?.();
      await this.#look(false);
      this.#around.changed();
      await this.#around.acknowledged();
      await Promise.all([ended, this.#removeOthers()]);
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
        await this.#fill(image);
        await this.#look(false);
        this.#around.changed();
        await this.#around.acknowledged();
        await this.#removeOthers();
      }
      await this.#around.acknowledged();
      return this.#statusOf(image);
    });
  }

  /** Starts new copies beside what serves. Answers what lets those take their places that the supervisor runs. */
  async #begin(image: ForeignImage): Promise<(() => Promise<unknown>) | undefined> {
    if (image.sidecar === undefined) {
      try {
        await this.#fill(image);
      } catch (thrown) {
        await this.#removeOthers();
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
      await this.#removeOthers();
      await this.#look(false);
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
    return image?.sidecar === undefined && image?.revision === revision && copy <= image.replicas;
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
    const images = this.#withoutSidecar;
    if (this.#stopped || images.length === 0) return;
    const all = await this.#containers.all();
    const wanted = all.filter((each) => this.#isWanted(each));
    for (const { id, isEnded } of wanted) if (isEnded) await this.#containers.startAgain(id);
    const copies = images.reduce((sum, { replicas }) => sum + replicas, 0);
    if (wanted.length < copies) for (const image of images) await this.#fill(image);
    await this.#look(true);
  }

  /** Looks where copies are; tells when that is different. */
  async #look(tell: boolean): Promise<void> {
    if (this.#withoutSidecar.length === 0 && this.#addresses.size === 0) return;
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
    const { cpus, gateway, memoryBytes, name, port, replicas, sidecar } = image;
    const ready =
      sidecar === undefined
        ? (this.#addresses.get(name) ?? []).length
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

  /** The gateway that is to have it. */
  #assertPossible({ domain, gateway, name, sidecar }: ForeignRequest): string {
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
    if (this.#around.isTaken(name))
      throw wrong(
        `${name} is a service of the app, or a unit.`,
        "Call the image otherwise: --app NAME",
      );
    const unknown = sidecar?.uses.find(
      (use) =>
        this.#around.contractOf(use) === undefined &&
        (use === name || this.#images[use]?.sidecar === undefined),
    );
    if (unknown !== undefined)
      throw wrong(
        `The app has no service ${JSON.stringify(unknown)}, and no image with a sidecar is called so.`,
        "Name services of the app, as kerf status shows them, or other images: --uses catalog,prices",
      );
    if (sidecar !== undefined) assertEmitted(sidecar, (producer) => this.#eventsOf(producer));
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

  /** What a service of the app emits, or another image. */
  #eventsOf(producer: string): readonly string[] | undefined {
    const contract = this.#around.contractOf(producer);
    if (contract !== undefined) return Object.keys(contract.events);
    const emits = this.#images[producer]?.sidecar?.emits;
    return emits && Object.keys(emits);
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
