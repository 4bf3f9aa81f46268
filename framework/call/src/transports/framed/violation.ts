import { frameType } from "./frame.ts";

/** Why connections end; what each means stands in `docs/architecture/wire.md`. */
export const closeReasons = [
  "bad_magic",
  "no_common_version",
  "bad_hello",
  "handshake_timeout",
  "unknown_type",
  "unexpected_frame",
  "frame_too_large",
  "bad_frame",
  "bad_header",
  "bad_json",
  "wrong_stream",
  "window_violated",
  "too_many_cancels",
  "too_many_pings",
  "slow_reader",
  "silent",
  "closed_by_peer",
  "rejected",
  "failed",
  "lost",
  "closed",
  "certificate_expired",
] as const;

/** Why a connection ended; the keys of `counters.closed`. */
export type CloseReason = (typeof closeReasons)[number];

/** Something the other side sent that the protocol forbids; ends the connection and nothing else. */
export class ProtocolViolation extends Error {
  readonly reason: CloseReason;

  constructor(reason: CloseReason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** The violation of a frame that has no meaning, or none in this direction. */
export function strangeFrame(type: number): ProtocolViolation {
  return type > frameType.close
    ? new ProtocolViolation("unknown_type", `There is no frame type ${type}.`)
    : new ProtocolViolation("unexpected_frame", `Frame type ${type} does not travel this way.`);
}

/** Whether connections end like this when nothing is wrong with either side. */
export function isOrdinary(reason: CloseReason): boolean {
  return (
    reason === "closed" ||
    reason === "lost" ||
    reason === "closed_by_peer" ||
    reason === "certificate_expired"
  );
}
