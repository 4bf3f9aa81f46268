/** The bounds of one connection. Each side has its own; what the other side must know goes with its HELLO. */
export interface FramedLimits {
  /** Largest frame that is accepted, bytes, by its length field. */
  readonly maxFrameBytes: number;
  /** Calls and streams in flight on one connection; at most 65,536. */
  readonly maxCalls: number;
  /** Connections that a server keeps at a time. */
  readonly maxConnections: number;
  /** TLS handshakes that a server has under way at a time; one more ends the oldest of them. */
  readonly maxHandshakes: number;
  /** Strings that the other side may define, so that it need not repeat them. */
  readonly maxStrings: number;
  /** Longest name, token or other string of a header, in bytes. */
  readonly maxStringBytes: number;
  /** Milliseconds until the socket must be connected. */
  readonly connectMs: number;
  /** Milliseconds from the connected socket to the end of the handshake. */
  readonly handshakeMs: number;
  /** Milliseconds without a byte from the other side, calls in flight, until it is sent a ping. */
  readonly silenceMs: number;
  /** Milliseconds without a byte after the ping until the connection counts as lost. */
  readonly pongMs: number;
  /** Bytes that wait for the socket before no further requests are read and no further items are produced. */
  readonly pauseOutputBytes: number;
  /** Bytes that wait for the socket before the connection is given up. */
  readonly maxOutputBytes: number;
  /** Items of one stream on their way before the producer stops. */
  readonly windowItems: number;
  /** Bytes of one stream on their way before the producer stops; one item may go beyond. */
  readonly windowBytes: number;
  /** CANCEL frames that one second may bring. */
  readonly cancelsPerSecond: number;
  /** PING frames that one second may bring. */
  readonly pingsPerSecond: number;
}

/**
 * 1,024 in flight and 1 s to connect are `defaults.md`'s (Envoy; Linkerd). 16 MiB is four times gRPC's 4 MiB: bodies at
 * the edge end at 1 MiB unless an operation says more. Silence and pong find a stopped process within 5 s, a third of
 * the default deadline, so that the rest of it can be spent elsewhere. Cancels: all calls of a full connection, twenty
 * times a second (HTTP/2's rapid reset is what the bound is for). Handshakes: one takes some milliseconds, so that 256 at a time are more than every instance of a
 * large app after a restart.
 */
export const defaultLimits: FramedLimits = {
  maxFrameBytes: 16 * 1024 * 1024,
  maxCalls: 1024,
  maxConnections: 1024,
  maxHandshakes: 256,
  maxStrings: 2_048,
  maxStringBytes: 8 * 1024,
  connectMs: 1_000,
  handshakeMs: 1_000,
  silenceMs: 2_000,
  pongMs: 3_000,
  pauseOutputBytes: 1024 * 1024,
  maxOutputBytes: 64 * 1024 * 1024,
  windowItems: 64,
  windowBytes: 256 * 1024,
  cancelsPerSecond: 20 * 1024,
  pingsPerSecond: 100,
};
