import type { Socket } from "node:net";

/** What a connection asks of its socket: one of the system, or of a simulation. */
export type FrameSocket = Pick<
  Socket,
  | "cork"
  | "destroy"
  | "end"
  | "on"
  | "pause"
  | "resume"
  | "setKeepAlive"
  | "setNoDelay"
  | "uncork"
  | "write"
>;
