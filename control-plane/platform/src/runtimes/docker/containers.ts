import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { type Clock, KerfError, toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { imageUser } from "../../images/base-layer.ts";
import type { Home } from "../../state/home.ts";
import { InstanceRecords } from "../../state/instance-records.ts";
import type { EventLog } from "../../progress/event-log.ts";
import { ByProgram } from "../by-program.ts";
import type { ProcessRuntime } from "../process.ts";
import type { Runtime } from "../runtime.ts";
import { type BackingImages, Backings } from "./backing/backings.ts";
import type { ContainerSurroundings } from "./container.ts";
import { labels } from "./labels.ts";
import { DockerRuntime, type Inspected, isContainer } from "./docker.ts";
import { Engine } from "./engine.ts";
import { EnginePresence } from "./engine-presence.ts";
import { ForeignContainers } from "./foreign-containers.ts";
import { ImageNetworks } from "./image-networks.ts";
import { ForeignImages, type ForeignSurroundings } from "./foreign-images.ts";
import {
  endContainer,
  listed,
  type Network,
  networksOf,
  removeAll,
  removeContainer,
} from "./remove-all.ts";
import { programImage } from "./program-image.ts";

/** What containers are opened with. */
export interface ContainersAround {
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventLog;
  /** Backing services that are containers too. */
  readonly images: BackingImages;
}

/** The containers of one platform: their network, their image, and what is left of them. */
export class Containers {
  readonly #runtime: DockerRuntime;
  /** This machine's address on their network: what runs as a process listens there. */
  readonly #hostAddress: string;
  /** Where instances in containers attach. */
  readonly socket: string;
  /** Where they send what they record. */
  readonly otlpSocket: string;
  readonly user: ContainerSurroundings["user"];
  /** Database servers and a broker, where they are containers too. */
  readonly backings: Backings;
  /** Resolves when the engine has the image that units run: the first time takes many seconds, which are none of a copy's own. */
  readonly prepared: () => Promise<unknown>;
  /** Whether Docker answers. */
  readonly presence: EnginePresence;
  readonly #engine: Engine;
  readonly #home: Home;
  readonly #network: string;
  readonly #networks: ImageNetworks;

  private constructor(
    engine: Engine,
    home: Home,
    network: { name: string; hostAddress: string },
    found: ReadonlyMap<string, number>,
    user: ContainerSurroundings["user"],
    { clock, events, images, log }: ContainersAround,
  ) {
    this.#engine = engine;
    this.#home = home;
    this.#network = network.name;
    this.socket = home.containerSocket;
    this.otlpSocket = home.containerOtlpSocket;
    this.#hostAddress = network.hostAddress;
    this.user = user;
    let image: Promise<string> | undefined;
    const prepared = (): Promise<string> => {
      image ??= programImage(engine).catch((thrown: unknown) => {
        image = undefined;
        throw thrown;
      });
      return image;
    };
    this.prepared = prepared;
    // The first copy is not to wait for it; what fails fails again, and is reported, where one is started.
    prepared().catch(() => {});
    this.presence = new EnginePresence(engine, { clock, log });
    const prefix = prefixOf(home.root);
    this.backings = new Backings(
      images,
      { engine, home, clock, log, prefix, user, events },
      network,
    );
    this.#networks = new ImageNetworks(engine, home.root, prefix);
    this.#runtime = new DockerRuntime({
      engine,
      presence: this.presence,
      networks: this.#networks,
      clock,
      log,
      home,
      found,
      prefix,
      surroundings: async () => ({
        image: await prepared(),
        network: network.name,
        home: home.root,
        user,
        sockets: home.containerSockets,
        postgres: home.postgresSockets,
        redis: home.redisSocket,
      }),
    });
  }

  /** Opens the engine for a home: finds what runs, removes what nobody knows, makes the network. Throws `unavailable` or `invalid_configuration`. */
  static async open(home: Home, around: ContainersAround): Promise<Containers> {
    const engine = new Engine();
    await assertUsable(engine);
    const records = new InstanceRecords(home.instances).all();
    const known = new Set(
      records.flatMap(({ reference }) => (isContainer(reference) ? [reference.container] : [])),
    );
    const instances = new Set(records.map(({ id }) => id));
    const found = new Map<string, number>();
    for (const { Id, Labels, State } of await listed(engine, home.root)) {
      // Images of others run on; what is to become of them is decided later.
      if (Labels?.[labels.foreign] !== undefined) continue;
      // Nobody asks for it any more; its data stay.
      const backing = Labels?.[labels.backing];
      if (backing !== undefined) {
        if (!isWanted(backing, around.images)) await endContainer(engine, Id);
        continue;
      }
      // It stands behind a sidecar, and goes with it.
      if (instances.has(Labels?.[labels.beside] ?? "")) continue;
      if (known.has(Id) && State !== "created") {
        const pid = await pidOf(engine, Id);
        if (pid !== undefined) found.set(Id, pid);
      } else await removeContainer(engine, Id);
    }
    writeFileSync(home.containersMark, "", { mode: 0o600 });
    const network = await openNetwork(engine, home.root);
    const user = await containerUser();
    home.openContainerSockets(user);
    return new Containers(engine, home, network, found, user, around);
  }

  /** Images of others that run as services. */
  images(around: ForeignSurroundings): ForeignImages {
    const containers = new ForeignContainers({
      engine: this.#engine,
      clock: around.clock,
      network: this.#network,
      home: this.#home.root,
    });
    return new ForeignImages(this.#home, this.#engine, containers, this.#networks, around);
  }

  /** What starts units here, and everything else as processes. */
  beside(processes: ProcessRuntime): Runtime {
    return new ByProgram(this.#runtime, processes, this.#hostAddress);
  }

  /** Removes whatever is left of them, and their network. */
  async close(): Promise<void> {
    await removeAll(this.#engine, this.#home.root);
    rmSync(this.#home.containersMark, { force: true });
  }
}

function isWanted(backing: string, { broker, postgres, redis }: BackingImages): boolean {
  if (backing === "redis") return redis !== undefined;
  return backing === "broker" ? broker !== undefined : postgres !== undefined;
}

/** Process id of a container; undefined when it has gone since it was listed, as what a platform that was killed let go of a moment before does. */
async function pidOf(engine: Engine, id: string): Promise<number | undefined> {
  try {
    const { State } = await engine.call<Inspected>("GET", `/containers/${id}/json`);
    return State.Pid;
  } catch (thrown) {
    if (toKerfError(thrown).code === "not_found") return undefined;
    throw thrown;
  }
}

async function assertUsable(engine: Engine): Promise<void> {
  const { OSType, SecurityOptions } = await engine.call<{
    OSType: string;
    SecurityOptions?: readonly string[];
  }>("GET", "/info");
  const isRootless = SecurityOptions?.some((option) => option.includes("rootless")) === true;
  if (process.platform === "linux" && OSType === "linux" && !isRootless) return;
  throw new KerfError("invalid_configuration", {
    message: "This Docker cannot run units of a platform.",
    why: isRootless
      ? "It runs without root, and its networks cannot be reached from this machine."
      : "Its containers run in a virtual machine, and their network cannot be reached from here.",
    fix: "Use Docker on Linux, or leave out --runtime docker.",
  });
}

async function openNetwork(
  engine: Engine,
  home: string,
): Promise<{ name: string; hostAddress: string }> {
  const name = prefixOf(home);
  const there = async (): Promise<Network | undefined> =>
    (await networksOf(engine, home)).find((network) => network.Name === name);
  if ((await there()) === undefined)
    await engine.call("POST", "/networks/create", {
      body: { Name: name, Driver: "bridge", CheckDuplicate: true, Labels: { [labels.home]: home } },
    });
  const hostAddress = (await there())?.IPAM.Config?.[0]?.Gateway;
  if (hostAddress !== undefined) return { name, hostAddress };
  throw new KerfError("start_failed", {
    message: `The network ${name} has no address of this machine.`,
    why: "Docker did not say where this machine is on it.",
    fix: `Remove it and start again: docker network rm ${name}`,
  });
}

/** Names are the environment's own: two homes on a machine never meet. */
function prefixOf(home: string): string {
  return `kerf-${createHash("sha256").update(home).digest("hex").slice(0, 12)}`;
}

/** Who programs in containers are: who we are, so that our sockets are theirs; as root, who runs PostgreSQL for us, so that its sockets are. */
async function containerUser(): Promise<ContainerSurroundings["user"]> {
  const uid = process.getuid?.() ?? imageUser;
  const gid = process.getgid?.() ?? imageUser;
  if (uid !== 0) return { uid, gid };
  const { serverOwner } = await import("@kerf/data/embedded");
  return serverOwner();
}
