import {
  type AnyBoot,
  Caller,
  connectFramed,
  type ImageBoot,
  PlacedDiscovery,
  SnapshotStore,
  type WorkloadIdentity,
} from "@kerf/call";
import { obtainIdentity, openLink, RequestLoad } from "@kerf/call/host";
import type { HttpListener } from "@kerf/call/http";
import { KerfError, Lifecycle, systemClock, systemRandom, TimerWheel } from "@kerf/kernel";
import { type Logger, openTracing } from "@kerf/telemetry";
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
  const { app, environment, instance, release, unit } = boot;
  const image = imageOf(boot);
  const clock = systemClock;
  const random = systemRandom;
  const wheel = new TimerWheel(clock);
  const store = SnapshotStore.of(boot, log);
  const discovery = new PlacedDiscovery(store, { clock, random, log });
  const resource = { app, environment, unit, instance, release };
  const tracing = await openTracing(boot.telemetry ?? {}, {
    resource,
    clock,
    random,
    log,
    store: boot.telemetryStore,
  });

  let identity: WorkloadIdentity | undefined;
  const caller = new Caller({
    clock,
    random,
    wheel,
    log,
    discovery,
    connect: (address) =>
      connectFramed(address, {
        clock,
        wheel,
        log,
        hello: { instance },
        security: identity && { identity, unitAt: (at) => discovery.unitAt(at) },
      }),
    wake: (service) => link.wake(service),
    checked: boot.checked,
    policies: boot.policies,
    recorder: tracing.recorder,
    metrics: tracing.metrics,
  });
  const parts = { clock, random, wheel, log };
  const load = new RequestLoad();
  const snapshot = () => store.current;
  const peers = new Peers({ image: unit, environment, snapshot });
  const inbound = new ImageInbound({
    image: unit,
    program: image.program,
    peers,
    parts,
    load,
    tracing,
  });
  let outbound: ImageOutbound | undefined;
  let listener: HttpListener | undefined;
  const lifecycle = new Lifecycle({
    name: `sidecar of ${unit}`,
    drainMs,
    clock,
    async start() {
      identity = await obtainIdentity(boot, { link, store, clock, random, log });
      if (identity === undefined) throw noCertificate(unit);
      // The way out first: a program may call others while it starts.
      outbound = await ImageOutbound.listen({
        image: unit,
        boot: image,
        snapshot,
        caller,
        parts,
        tracing,
      });
      await awaitProgram(image.program, clock);
      listener = await inbound.listen(hostOf(boot), identity);
      link.start();
    },
    async drain() {
      inbound.drain();
      await listener?.drain(drainMs);
    },
    async stop() {
      await listener?.close();
      await outbound?.close();
      inbound.stop();
      await caller.stop();
      discovery.stop();
      identity?.stop();
      await tracing.stop();
      await link.stop();
      await store.written();
    },
  });
  const link = openLink({
    boot,
    store,
    clock,
    log,
    state: () => lifecycle.state,
    // As every unit's: callers know by the placement which unit they must find there.
    address: () => (listener === undefined ? "" : `tcp:${listener.host}:${listener.port}`),
    files: () => [],
    load,
  });
  lifecycle.onChange((state) => {
    log.info(`the sidecar is ${state}`, { program: image.program });
    link.report();
  });
  return lifecycle;
}

function imageOf({ image, unit }: AnyBoot): ImageBoot {
  if (image !== undefined) return image;
  throw incomplete(unit, "where the program of its image listens");
}

/** The address of the container itself, as the platform found it. */
function hostOf({ address, unit }: AnyBoot): string {
  const [, host] = /^tcp:(.+):\d+$/.exec(address ?? "") ?? [];
  if (host !== undefined) return host;
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
