import {
  type AnyBoot,
  type Caller,
  CallerPlacement,
  framedBeside,
  type FramedBeside,
  Inbound,
  mayCall,
  PrincipalVerifier,
  type SnapshotStore,
  type WorkloadIdentity,
} from "@kerf/call";
import { openBroker } from "@kerf/events";
import type { CallContext, Clock, Random, TimerWheel } from "@kerf/kernel";
import type { Logger, Tracing } from "@kerf/telemetry";
import { type DeliverEvent, type ImageEvents, imageService } from "../declaration/image-events.ts";
import { awaitMigrations } from "./await-migrations.ts";
import { closeDatabases, openDatabases } from "../runtime/databases.ts";
import { ServiceRuntime } from "../runtime/runtime.ts";

/** The events of a program that has no contract: what it follows is delivered to it, what it emits lies in a log that others read. */
export interface ProgramEvents {
  /** Appends an event to the program's log. Throws `invalid_app` for one that was not declared, `invalid_output` for a payload that does not fit. */
  readonly emit: (name: string, payload: unknown, context: CallContext) => Promise<void>;
  /** Serves readers of the log, and operators, on connections that another listener takes in; without an identity in the clear. */
  listenBeside(identity: WorkloadIdentity | undefined): FramedBeside;
  /** Waits until the database of an exported image is as events need it; a platform makes it before. Throws `start_failed`. */
  prepared(): Promise<void>;
  /** Reads and delivers from now on. */
  start(): void;
  /** Reads nothing any more, and lets readers here go. Idempotent. */
  drain(): Promise<void>;
  /** Ends everything; never rejects. */
  stop(): Promise<void>;
}

/** What they are made of. */
export interface ProgramEventsParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly store: SnapshotStore;
  readonly caller: Caller;
  readonly tracing: Tracing;
}

/**
 * The runtime of a service whose only handlers are those of events, without its host: the program's sidecar has one. Its log, its place in those of others and what it
 * could not apply lie in its database, as a service's do.
 */
export async function openProgramEvents(
  boot: AnyBoot,
  events: ImageEvents,
  deliver: DeliverEvent,
  { caller, clock, log, random, store, tracing, wheel }: ProgramEventsParts,
): Promise<ProgramEvents> {
  const { environment, instance, unit } = boot;
  const services = [imageService(unit, events, deliver)];
  const databases = await openDatabases(services, boot.databases, { instance, clock, tracing });
  const broker = boot.broker && (await openBroker(boot.broker, clock));
  const runtime = new ServiceRuntime({
    services,
    databases,
    broker,
    clock,
    wheel,
    random,
    log,
    instance,
    tracing,
  });
  const placement = new CallerPlacement({ store, clock, log });
  const { metrics, recorder } = tracing;
  const inbound = new Inbound({
    services: runtime.served(),
    clock,
    wheel,
    log,
    checked: boot.checked,
    mayCall: (...asked) => mayCall(store.current, ...asked),
    speaksFor: (...asked) => placement.speaksFor(...asked),
    principals: new PrincipalVerifier(() => store.current?.principalKeys ?? [], {
      environment,
      clock,
    }),
    policies: boot.policies,
    recorder,
    metrics,
  });
  runtime.connect(caller);
  return {
    emit: (name, payload, context) => runtime.emit(unit, name, payload, context),
    async prepared() {
      if (boot.platform === undefined) await awaitMigrations(boot, services, { clock, log });
    },
    listenBeside: (identity) =>
      framedBeside({ dispatcher: inbound, clock, wheel, log, instance, identity }),
    start: () => runtime.startWorkers(),
    async drain() {
      await Promise.all([runtime.stopWorkers(), inbound.drain()]);
    },
    async stop() {
      await runtime.stopWorkers();
      await broker?.close();
      await closeDatabases(databases);
    },
  };
}
