/** Why a connection ended; the keys of `counters.closed`. */
export type CloseReason =
  | "bad_magic"
  | "no_common_version"
  | "bad_hello"
  | "handshake_timeout"
  | "unknown_type"
  | "unexpected_frame"
  | "frame_too_large"
  | "bad_frame"
  | "bad_header"
  | "bad_json"
  | "wrong_stream"
  | "window_violated"
  | "too_many_cancels"
  | "too_many_pings"
  | "slow_reader"
  | "silent"
  | "closed_by_peer"
  | "failed"
  | "lost"
  | "closed";

/** Something the other side sent that the protocol forbids; ends the connection and nothing else. */
export class ProtocolViolation extends Error {
  readonly reason: CloseReason;

  constructor(reason: CloseReason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}
