import { type Clock, type Random, systemClock, systemRandom, TimerWheel } from "@kerf/kernel";
import { type Logger, openTracing, type Tracing } from "@kerf/telemetry";
import { Caller, type CallerOptions } from "../caller.ts";
import { PlacedDiscovery } from "../discovery/placed.ts";
import { CallerPlacement } from "../identity/caller-placement.ts";
import type { WorkloadIdentity } from "../identity/workload-identity.ts";
import { Inbound, type InboundOptions } from "../inbound.ts";
import type { ServedService } from "../inbound/served.ts";
import { mayCall } from "../may-call.ts";
import type { Address, AnyBoot } from "../placement.ts";
import { PrincipalVerifier } from "../principal.ts";
import { SnapshotStore } from "../snapshot/store.ts";
import type { Transport } from "../transport.ts";
import { connectFramed } from "../transports/framed/client.ts";
import { type Link, type LinkOptions, noPlatform, openLink } from "./link.ts";
import { obtainIdentity } from "./obtain-identity.ts";

/** What every part of a program is handed. */
export interface WorkloadParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly wheel: TimerWheel;
  readonly log: Logger;
}

/**
 * A program of an app among the others, whatever it does: it knows who runs where, is known by its identity, calls and is called, tells the platform of itself and
 * leaves traces. In order: open it, {@link serve} and make the {@link caller}, {@link attach} it, and {@link identify} it before anything calls.
 */
export class Workload {
  readonly boot: AnyBoot;
  readonly parts: WorkloadParts;
  /** Who runs where: the newer of what the platform said at the start and what lies on disk, until it says more. */
  readonly store: SnapshotStore;
  readonly discovery: PlacedDiscovery;
  readonly tracing: Tracing;
  #identity: WorkloadIdentity | undefined;
  #link: Link = noPlatform;

  private constructor(boot: AnyBoot, parts: WorkloadParts, store: SnapshotStore, tracing: Tracing) {
    this.boot = boot;
    this.parts = parts;
    this.store = store;
    this.discovery = new PlacedDiscovery(store, parts);
    this.tracing = tracing;
  }

  /** Opens what a boot document says. Tests give it their own `clock`. */
  static async open(boot: AnyBoot, log: Logger, clock: Clock = systemClock): Promise<Workload> {
    const parts = { clock, random: systemRandom, wheel: new TimerWheel(clock), log };
    const store = SnapshotStore.of(boot, log);
    const { app, environment, instance, release, unit } = boot;
    const tracing = await openTracing(boot.telemetry ?? {}, {
      ...parts,
      resource: { app, environment, unit, instance, release },
      store: boot.telemetryStore,
    });
    return new Workload(boot, parts, store, tracing);
  }

  /** Who it is to others; undefined until {@link identify} has resolved, and where programs talk over Unix sockets. */
  get identity(): WorkloadIdentity | undefined {
    return this.#identity;
  }

  /** A transport to a program of the app, which proves to be the unit that is placed there. */
  readonly connect = (address: Address): Transport => {
    const { clock, log, wheel } = this.parts;
    return connectFramed(address, {
      clock,
      wheel,
      log,
      hello: { instance: this.boot.instance },
      security: this.#identity && {
        identity: this.#identity,
        unitAt: (at) => this.discovery.unitAt(at),
      },
    });
  };

  /** The callee's half of the call path. `may`: who may call what; the placement says so by default. */
  serve(
    services: readonly ServedService[],
    may: InboundOptions["mayCall"] = (...asked) => mayCall(this.store.current, ...asked),
  ): Inbound {
    const { boot, store, tracing } = this;
    const { clock, log, wheel } = this.parts;
    const { checked, environment, policies } = boot;
    const placement = new CallerPlacement({ store, clock, log });
    return new Inbound({
      services,
      clock,
      wheel,
      log,
      checked,
      mayCall: may,
      speaksFor: (...asked) => placement.speaksFor(...asked),
      principals: new PrincipalVerifier(() => store.current?.principalKeys ?? [], {
        environment,
        clock,
      }),
      policies,
      recorder: tracing.recorder,
      metrics: tracing.metrics,
    });
  }

  /** The caller's half, which whoever has it stops. `local`: the services of this process. `connect`: instead of {@link Workload.connect}. */
  caller({
    local,
    connect = this.connect,
  }: Partial<Pick<CallerOptions, "connect" | "local">> = {}): Caller {
    const { boot, discovery, tracing } = this;
    const { clock, log, random, wheel } = this.parts;
    const { checked, policies } = boot;
    return new Caller({
      clock,
      random,
      wheel,
      log,
      discovery,
      connect,
      wake: (service) => this.#link.wake(service),
      local,
      checked,
      policies,
      recorder: tracing.recorder,
      metrics: tracing.metrics,
    });
  }

  /** Makes its link to the platform, which is to be started. */
  attach(told: Pick<LinkOptions, "state" | "address" | "files" | "load">): Link {
    const { boot, store } = this;
    const { clock, log } = this.parts;
    this.#link = openLink({ boot, store, clock, log, ...told });
    return this.#link;
  }

  /** Obtains its identity. Throws `start_failed`. */
  async identify(): Promise<WorkloadIdentity | undefined> {
    const { clock, log, random } = this.parts;
    const around = { link: this.#link, store: this.store, clock, random, log };
    this.#identity = await obtainIdentity(this.boot, around);
    return this.#identity;
  }

  /** Last of all: delivers what is left to tell. Bounded. */
  async stop(): Promise<void> {
    this.discovery.stop();
    this.#identity?.stop();
    await this.tracing.stop();
    await this.#link.stop();
    await this.store.written();
  }
}
