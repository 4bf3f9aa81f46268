import type { CloseReason } from "./violation.ts";

/** What the framed transport counts. Plain numbers: reading them costs nothing, and nobody need read them. */
export class FramedCounters {
  /** Connections whose handshake was done. */
  opened = 0;
  /** Connections that ended, by why. */
  readonly closed: Partial<Record<CloseReason, number>> = {};
  /** Connections that a server refused because it had too many. */
  dropped = 0;
  /** Connections that ended because the other side did not prove who it is. */
  unproven = 0;
  calls = 0;
  streams = 0;
  /** Calls and streams that the calling side gave up. */
  cancelled = 0;
  /** Calls and streams answered with "not here, not executed" or "overloaded". */
  refused = 0;

  /** Counts one more end. */
  countClosed(reason: CloseReason): void {
    this.closed[reason] = (this.closed[reason] ?? 0) + 1;
  }
}
