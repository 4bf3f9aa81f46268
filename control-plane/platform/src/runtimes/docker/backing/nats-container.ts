import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { BrokerBoot } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import type { OpenedServer } from "../../../resources/kept-server.ts";
import { readText, writeWhole } from "../../../state/json-file.ts";
import { type Backing, dataFolder } from "./backing.ts";
import { BackingContainer, type BackingSurroundings } from "./backing-container.ts";
import { giveTo, keptFile, keptPassword } from "./mounted-files.ts";
import { natsVersion } from "./nats-version.ts";

/** Where the server finds what it is to do. */
const configuration = "/etc/kerf-nats.conf";
const user = "kerf";
const port = 4222;
/** Ports that are tried. */
const mostPorts = 100;
/** Memory of the server, bytes; what it keeps is on disk. */
const memoryBytes = 536_870_912;

/** NATS JetStream as a container, at a port of this machine's address on the network of the units: programs that are processes reach it there too. */
export class NatsInContainer {
  readonly image: string;
  readonly #around: BackingSurroundings;
  readonly #imageId: () => Promise<string>;
  readonly #network: { readonly name: string; readonly hostAddress: string };
  #place: Promise<BrokerBoot> | undefined;

  constructor(
    image: string,
    imageId: () => Promise<string>,
    around: BackingSurroundings,
    network: { readonly name: string; readonly hostAddress: string },
  ) {
    this.image = image;
    this.#imageId = imageId;
    this.#around = around;
    this.#network = network;
  }

  /** How programs reach it, whether it runs or not: while it is away they read logs. */
  place(): Promise<BrokerBoot> {
    this.#place ??= this.#choose().catch((thrown: unknown) => {
      this.#place = undefined;
      throw thrown;
    });
    return this.#place;
  }

  async open(signal: AbortSignal): Promise<OpenedServer<BrokerBoot>> {
    const place = await this.place();
    const file = join(this.#folder, "nats.conf");
    await keptFile(file, configurationOf(place.password ?? ""));
    giveTo(this.#around.user, file);
    const container = new BackingContainer(this.#backing(place.url, file), this.#around);
    return { value: place, running: await container.open(await this.#imageId(), signal) };
  }

  get #folder(): string {
    return this.#around.home.backing("broker");
  }

  /** The address holds as long as the network is there, so that programs that run find the broker again. */
  async #choose(): Promise<BrokerBoot> {
    const { hostAddress } = this.#network;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = join(this.#folder, "address");
    const password = await keptPassword(join(this.#folder, "password"));
    let address = readText(file)?.trim();
    if (address?.startsWith(`${hostAddress}:`) !== true) {
      address = `${hostAddress}:${await freePortOf(hostAddress)}`;
      await writeWhole(file, address);
    }
    return { url: `nats://${address}`, user, password };
  }

  #backing(url: string, file: string): Backing {
    const { hostname: host, port: hostPort } = new URL(url);
    return {
      name: "broker",
      title: "The broker",
      source: "broker",
      logFile: this.#around.home.log("broker"),
      image: this.image,
      command: ["--config", configuration],
      variables: {},
      mounts: [{ from: file, to: configuration }],
      stopSignal: "SIGTERM",
      network: this.#network.name,
      published: { port, host, hostPort: Number(hostPort) },
      memoryBytes,
      answers: () => natsVersion(host, Number(hostPort)),
      explain: (lines) => explain(this.image, lines),
    };
  }
}

function configurationOf(password: string): string {
  return `# Written by Kerf at every start.
listen: "0.0.0.0:${port}"
server_name: "kerf"
authorization { user: "${user}", password: "${password}" }
jetstream { store_dir: "${dataFolder}" }
`;
}

function explain(image: string, lines: string): ReturnType<Backing["explain"]> {
  if (/no space left/i.test(lines))
    return { why: lines, fix: "Free disk space where Docker keeps its volumes: docker system df" };
  if (/executable file not found|no such file or directory/i.test(lines))
    return {
      why: lines,
      fix: `Name an image that is started as that of NATS is, such as docker:nats:2.12: ${image} is not.`,
    };
  return undefined;
}

/** The first port from the usual one on that nobody listens at there. */
async function freePortOf(host: string): Promise<number> {
  for (let candidate = port; candidate < port + mostPorts; candidate += 1)
    if (await isFree(host, candidate)) return candidate;
  throw new KerfError("start_failed", {
    message: `No port from ${port} to ${port + mostPorts - 1} is free at ${host}.`,
    why: "The broker is reached there.",
    fix: "End what listens there, or run a broker of your own: --broker nats://HOST:PORT",
  });
}

function isFree(host: string, candidate: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port: candidate, exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}
