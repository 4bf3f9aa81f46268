/** Four bytes that open every connection, in both directions: "KERF". */
export const magic = 0x4b455246;

/** Protocol versions that this implementation speaks, as a range; `docs/architecture/wire.md` says what changed when. */
export const versions = { min: 1, max: 1 } as const;

/** Bytes of the preface: magic (u32), lowest and highest version offered (u16 each). */
export const prefaceBytes = 8;

/** Bytes before a frame's payload: length of what follows it (u32), type (u8), stream (u32). */
export const frameHeaderBytes = 9;

/** Bytes of `type` and `stream`, which the length counts too; the smallest length there is. */
export const frameFixedBytes = 5;

/** What a frame is. The numbers are the wire's. */
export const frameType = {
  hello: 0,
  request: 1,
  open: 2,
  response: 3,
  error: 4,
  item: 5,
  end: 6,
  cancel: 7,
  credit: 8,
  define: 9,
  goaway: 10,
  ping: 11,
  pong: 12,
  close: 13,
} as const;

/** Why a call was cancelled, as CANCEL carries it. */
export const cancelCause = { callerLeft: 1, deadline: 2 } as const;

/** Bits of the flags that open a REQUEST's header. */
export const requestFlag = { sampled: 1, traceState: 2, idempotencyKey: 4, after: 8 } as const;
