import type { AnyBoot, FramedBeside, ImageBoot } from "@kerf/call";
import { RequestLoad, Workload } from "@kerf/call/host";
import type { HttpListener } from "@kerf/call/http";
import { KerfError, Lifecycle } from "@kerf/kernel";
import { healthOf } from "@kerf/service";
import type { ProgramEvents } from "@kerf/service/companion";
import type { Logger } from "@kerf/telemetry";
import { forwardEvents } from "../sidecar/forward-event.ts";
import { ProgramClient } from "../sidecar/program-client.ts";
import { awaitProgram } from "./await-program.ts";
import { ImageInbound } from "./inbound.ts";
import { ImageOutbound } from "./outbound.ts";
import { Peers } from "./peers.ts";

/** How long requests may take to finish once the sidecar stops, milliseconds (`defaults.md`: drain). */
const drainMs = 30_000;

/**
 * Everything that the sidecar of an image consists of. The image's program runs in a container beside it and knows nothing of it: what comes in has passed
 * mutual TLS here, what goes out is a call of a service like any other.
 */
export async function assembleImageSidecar(boot: AnyBoot, log: Logger): Promise<Lifecycle> {
  const { environment, unit } = boot;
  const image = imageOf(boot);
  const workload = await Workload.open(boot, log);
  const { parts, store, tracing } = workload;
  const { clock, wheel } = parts;
  const caller = workload.caller();
  const load = new RequestLoad();
  const health = healthOf(boot, () => lifecycle.state);
  const snapshot = () => store.current;
  const peers = new Peers({
    image: unit,
    environment,
    snapshot,
    isProved: () => workload.identity !== undefined,
  });
  const inbound = new ImageInbound({
    image: unit,
    program: image.program,
    peers,
    parts,
    load,
    tracing,
  });
  const client = new ProgramClient(placeOf(image));
  const deliver = forwardEvents(client, clock, () => ({
    date: new Date(clock.wall()).toUTCString(),
  }));
  const { emits = {}, follows = [] } = image;
  let events: ProgramEvents | undefined;
  if (follows.length + Object.keys(emits).length > 0) {
    // With the driver of a database, which the others do without.
    const { openProgramEvents } = await import("@kerf/service/companion");
    events = await openProgramEvents(workload, caller, { emits, follows }, deliver);
  }
  let readers: FramedBeside | undefined;
  let outbound: ImageOutbound | undefined;
  let listener: HttpListener | undefined;
  const lifecycle = new Lifecycle({
    name: `sidecar of ${unit}`,
    drainMs,
    clock,
    async start() {
      await health?.start();
      const identity = await workload.identify();
      // Without a platform the network has to keep others away, as it does for every program that has no certificate.
      if (identity === undefined && boot.platform !== undefined) throw noCertificate(unit);
      // The way out first: a program may call others while it starts.
      outbound = await ImageOutbound.listen({
        image: unit,
        boot: image,
        snapshot,
        caller,
        identity: () => workload.identity,
        events: events && { service: unit, clock, wheel, emit: events.emit },
        parts,
        tracing,
      });
      await Promise.all([awaitProgram(image.program, clock), events?.prepared()]);
      readers = events?.listenBeside(identity);
      listener = await inbound.listen(placeToListen(boot), identity, readers);
      link.start();
    },
    async drain() {
      inbound.drain();
      await Promise.all([events?.drain(), readers?.drain(), listener?.drain(drainMs)]);
    },
    async stop() {
      readers?.close();
      await listener?.close();
      await events?.stop();
      client.close();
      await outbound?.close();
      inbound.stop();
      await caller.stop();
      await workload.stop();
      await health?.stop();
    },
  });
  const link = workload.attach({
    state: () => lifecycle.state,
    // As every unit's: callers know by the placement which unit they must find there.
    address: () => (listener === undefined ? "" : `tcp:${listener.host}:${listener.port}`),
    files: () => [],
    load,
  });
  lifecycle.onChange((state) => {
    log.info(`the sidecar is ${state}`, { program: image.program });
    link.report();
    if (state === "ready") events?.start();
  });
  return lifecycle;
}

function imageOf({ image, unit }: AnyBoot): ImageBoot {
  if (image !== undefined) return image;
  throw incomplete(unit, "where the program of its image listens");
}

function placeOf({ program }: ImageBoot): { host: string; port: number } {
  const [, host = "", port = ""] = /^(.+):(\d+)$/.exec(program) ?? [];
  return { host, port: Number(port) };
}

/** The address of the container itself, as the platform found it, at any port; or where a document says that everybody looks for it. */
function placeToListen({ address, platform, unit }: AnyBoot): { host: string; port: number } {
  const [, host, port] = /^tcp:(.+):(\d+)$/.exec(address ?? "") ?? [];
  if (host !== undefined) return { host, port: platform === undefined ? Number(port) : 0 };
  throw incomplete(unit, "an address to listen on");
}

function incomplete(unit: string, what: string): KerfError {
  return new KerfError("invalid_configuration", {
    message: `The boot document of ${unit} does not say ${what}.`,
    fix: "Deploy the image again: kerf deploy --app NAME --image REF --sidecar",
  });
}

function noCertificate(unit: string): KerfError {
  return new KerfError("invalid_configuration", {
    message: `The sidecar of ${unit} gets no certificate.`,
    why: "This platform's programs talk over Unix sockets.",
    fix: "Start it with kerf up --runtime docker.",
  });
}
