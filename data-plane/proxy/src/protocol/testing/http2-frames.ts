import { connect, type Socket } from "node:net";

/** Types of frames (RFC 9113, 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;
/** Flags of frames. */
export const flags = { endStream: 1, ack: 1, endHeaders: 4, padded: 8 } as const;

/** A header field as it goes on the wire: any bytes at all, one a character. */
export type Field = readonly [name: string, value: string];

/** One frame. */
export function frame(
  type: number,
  flag: number,
  stream: number,
  payload: Buffer | string = "",
): Buffer {
  const content = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(content.length, 0, 3);
  head[3] = type;
  head[4] = flag;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, content]);
}

/** Fields as HPACK literals that are not indexed (RFC 7541, 6.2.2), without a Huffman code. */
export function fieldBlock(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]),
  );
}

function text(characters: string): Buffer {
  const bytes = Buffer.from(characters, "latin1");
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

/** A HEADERS frame that is whole. */
export function headers(stream: number, fields: readonly Field[], ends = true): Buffer {
  const flag = flags.endHeaders | (ends ? flags.endStream : 0);
  return frame(frameTypes.headers, flag, stream, fieldBlock(fields));
}

/** A DATA frame. */
export function data(stream: number, content: string, ends = true): Buffer {
  return frame(frameTypes.data, ends ? flags.endStream : 0, stream, content);
}

/** A frame that the server sent. */
export interface ReceivedFrame {
  readonly type: number;
  readonly flag: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** One connection that says whatever a test wants. */
export class RawHttp2 {
  readonly frames: ReceivedFrame[] = [];
  readonly closed: Promise<void>;
  readonly socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #came = Promise.withResolvers<void>();
  #isClosed = false;

  /** Opens one, and says the preface and empty settings. */
  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("data", (chunk: Buffer) => this.#take(chunk));
    // A reset is a close as well.
    this.socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      this.socket.once("close", () => {
        this.#isClosed = true;
        this.#came.resolve();
        resolve();
      });
    });
    this.send(Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(frameTypes.settings, 0, 0));
  }

  send(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** The first frame that fits; undefined when the connection closes without one. */
  async first(fits: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame | undefined> {
    for (;;) {
      const found = this.frames.find(fits);
      if (found !== undefined || this.#isClosed) return found;
      await this.#came.promise;
    }
  }

  /** What became of a stream: its status, `reset`, or `closed` with the connection. */
  async outcome(stream: number): Promise<number | "closed" | "reset"> {
    const end = await this.first(
      ({ stream: id, type }) =>
        type === frameTypes.goaway ||
        (id === stream && (type === frameTypes.reset || type === frameTypes.headers)),
    );
    if (end === undefined || end.type === frameTypes.goaway) return "closed";
    return end.type === frameTypes.reset ? "reset" : statusOf(end.payload);
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 9) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < 9 + length) break;
      this.frames.push({
        type: this.#rest[3] as number,
        flag: this.#rest[4] as number,
        stream: this.#rest.readUInt32BE(5) & 0x7f_ff_ff_ff,
        payload: this.#rest.subarray(9, 9 + length),
      });
      this.#rest = this.#rest.subarray(9 + length);
    }
    this.#came.resolve();
    this.#came = Promise.withResolvers();
  }
}

/** Statuses 8 to 14 of HPACK's static table (RFC 7541, appendix A). */
const indexed = [200, 204, 206, 304, 400, 404, 500];

/** The status in the first head of a connection, with which every head begins. */
function statusOf(block: Buffer): number {
  const first = block[0] as number;
  if (first >= 0x88 && first <= 0x8e) return indexed[first - 0x88] as number;
  const size = block[1] as number;
  const value = block.subarray(2, 2 + (size & 0x7f));
  if ((size & 0x80) === 0) return Number(value.toString("latin1"));
  // Digits of HPACK's Huffman code: 0 to 2 have five bits, the others six, from 25 on.
  const bits = [...value].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  let digits = "";
  for (let at = 0; digits.length < 3;) {
    const five = Number.parseInt(bits.slice(at, at + 5), 2);
    digits += five <= 2 ? five : Number.parseInt(bits.slice(at, at + 6), 2) - 22;
    at += five <= 2 ? 5 : 6;
  }
  return Number(digits);
}
