/** Why a connection ended without a whole response. */
export type LossReason =
  | "BODY_TIMEOUT"
  | "CONNECT_TIMEOUT"
  | "NOT_KEPT"
  | "OTHER_SIDE_CLOSED"
  | "UNASKED_BYTES";

/** A connection is gone for a reason of HTTP; what the system reports stays as it is. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  readonly code: LossReason;

  constructor(code: LossReason) {
    super(`The connection to the upstream is gone: ${code}.`);
    this.code = code;
  }
}
