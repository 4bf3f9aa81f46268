import type { Boot, Caller } from "@kerf/call";
import type { Clock, KerfError, TimerWheel } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { AnyService } from "../declaration/service.ts";
import type { ServiceRuntime } from "../runtime/runtime.ts";

/** What implements the services of a unit outside of its process: the program of a sidecar. */
export interface Companion {
  /** Before the unit serves. Rejects with why it cannot. */
  start(): Promise<void>;
  /** When nothing is in flight any more. Idempotent, bounded, never rejects. */
  stop(): Promise<void>;
}

/** What a companion stands beside. */
export interface CompanionParts {
  readonly services: readonly AnyService[];
  readonly runtime: ServiceRuntime;
  /** Calls others in the name of the services. */
  readonly caller: Caller;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  /** Absolute path of a directory that it may make for itself, beside the instance's socket; the platform removes it. */
  readonly directory: string;
  /** What to start instead of the program that the service declares; see the boot document. */
  readonly program?: Boot["program"];
  /** It has gone by itself: the instance is no use without it. */
  readonly failed: (error: KerfError) => void;
}

/** Makes the companion of a unit. Throws `invalid_app` for services that it cannot implement. */
export type MakeCompanion = (parts: CompanionParts) => Companion;
