import { type Caller, framedBeside, type FramedBeside, type WorkloadIdentity } from "@kerf/call";
import type { Workload } from "@kerf/call/host";
import type { CallContext } from "@kerf/kernel";
import { type DeliverEvent, type ImageEvents, imageService } from "../declaration/image-events.ts";
import { awaitMigrations } from "./await-migrations.ts";
import { openServices } from "./open-services.ts";

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

/**
 * The runtime of a service whose only handlers are those of events, without its host: the program's sidecar is one. Its log, its place in those of others and what it
 * could not apply lie in its database, as a service's do.
 */
export async function openProgramEvents(
  workload: Workload,
  caller: Caller,
  events: ImageEvents,
  deliver: DeliverEvent,
): Promise<ProgramEvents> {
  const { instance, unit } = workload.boot;
  const all = [imageService(unit, events, deliver)];
  const services = await openServices(workload, all);
  const { inbound, runtime } = services;
  runtime.connect(caller);
  return {
    emit: (name, payload, context) => runtime.emit(unit, name, payload, context),
    async prepared() {
      const { boot, parts } = workload;
      if (boot.platform === undefined) await awaitMigrations(boot, all, parts);
    },
    listenBeside(identity) {
      const { clock, log, wheel } = workload.parts;
      return framedBeside({ dispatcher: inbound, clock, wheel, log, instance, identity });
    },
    start: () => runtime.startWorkers(),
    async drain() {
      await Promise.all([runtime.stopWorkers(), inbound.drain()]);
    },
    async stop() {
      await runtime.stopWorkers();
      await services.close();
    },
  };
}
