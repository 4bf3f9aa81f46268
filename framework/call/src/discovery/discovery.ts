import type { PlacedInstance } from "../placement.ts";

/** The port to whoever knows where services run. */
export interface Discovery {
  /** The instances that serve `service`; the same array for as long as nothing changes. */
  instancesOf(service: string): readonly PlacedInstance[];
  /** Whether `service` has no instance because nobody called it for long: one is started for whoever calls. Nobody sleeps where this is absent. */
  sleeps?(service: string): boolean;
  /** Whether `service` records its commands with their effects, so that they may be sent again. */
  recordsCommands(service: string): boolean;
  /** Calls `listener` after every change. Returns what takes it back. */
  onChange(listener: () => void): () => void;
}
