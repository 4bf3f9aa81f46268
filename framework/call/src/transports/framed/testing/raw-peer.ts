import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { Decoder } from "../decoder.ts";
import { frameType, versions } from "../frame.ts";
import { defaultLimits } from "../limits.ts";
import { helloOf, prefaceFor } from "../hello.ts";

/** A frame as bytes. */
export function frame(type: number, stream: number, payload: Uint8Array | string = ""): Buffer {
  const body = Buffer.from(payload as string);
  const bytes = Buffer.alloc(9 + body.length);
  bytes.writeUInt32BE(5 + body.length, 0);
  bytes[4] = type;
  bytes.writeUInt32BE(stream, 5);
  body.copy(bytes, 9);
  return bytes;
}

/** What opens a connection correctly; `fields` replace those of the HELLO. */
export function greeting(fields: Record<string, unknown> = {}): Buffer {
  const hello = { ...helloOf("stranger", undefined, defaultLimits), ...fields };
  return Buffer.concat([prefaceFor(versions), frame(frameType.hello, 0, JSON.stringify(hello))]);
}

/** A REQUEST (or OPEN) whose strings 1, 2 and 3 name service, operation and caller. */
export function request(
  id: number,
  options: { body?: string; remainingMs?: number; window?: [number, number] } = {},
): Buffer {
  const header = Buffer.alloc(37);
  header.writeUInt32BE(options.remainingMs ?? 5000, 1);
  header.writeUInt16BE(1, 5);
  header.writeUInt16BE(2, 7);
  header.writeUInt16BE(3, 9);
  header.fill(0xab, 13, 37);
  const credit = Buffer.alloc(options.window === undefined ? 0 : 8);
  if (options.window !== undefined) {
    credit.writeUInt32BE(options.window[0], 0);
    credit.writeUInt32BE(options.window[1], 4);
  }
  const type = options.window === undefined ? frameType.request : frameType.open;
  return frame(type, id, Buffer.concat([header, credit, Buffer.from(options.body ?? "1")]));
}

/** The definitions that `request` leans on. */
export const definitions = Buffer.concat(
  ["echo", "say", "stranger"].map((text, index) => frame(frameType.define, index + 1, text)),
);

/** One frame that came in. */
export interface Received {
  readonly type: number;
  readonly stream: number;
  readonly payload: string;
}

/** The other end of a connection, as bytes: says anything, and keeps what it hears. */
export class RawPeer {
  readonly socket: Socket;
  readonly received: Received[] = [];
  /** The range of versions that the other side offered. */
  offered: [number, number] | undefined;
  /** Resolves when the connection is over. */
  readonly over: Promise<unknown>;
  #look: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    this.over = once(socket, "close");
    // A reset is how some of these tests end.
    socket.on("error", () => {});
    const decoder = new Decoder(
      {
        preface: (min, max) => void (this.offered = [min, max]),
        frame: (type, stream, bytes, start, end) => {
          this.received.push({ type, stream, payload: bytes.toString("utf8", start, end) });
          this.#look();
        },
      },
      0x7fff_ffff,
    );
    socket.on("data", (chunk: Buffer) => decoder.push(chunk));
  }

  /** The first frame, past or future, for which `wanted` is true; rejects when the connection ends without it. */
  async hears(wanted: (frame: Received) => boolean): Promise<Received> {
    const found = Promise.withResolvers<Received>();
    const look = (): void => {
      const match = this.received.find(wanted);
      if (match !== undefined) found.resolve(match);
    };
    this.#look = look;
    look();
    const ended = this.over.then(() => {
      look();
      const last = this.received.at(-1);
      found.reject(
        new Error(`It ended with ${last?.type} ${last?.payload.slice(0, 200)} instead.`),
      );
    });
    try {
      return await found.promise;
    } finally {
      ended.catch(() => {});
      this.#look = () => {};
    }
  }

  /** Waits for a frame of this type. */
  hearsType(type: number): Promise<Received> {
    return this.hears((frame) => frame.type === type);
  }
}

/** Connects to a server under test as a stranger. */
export async function rawClient(t: TestContext, path: string): Promise<RawPeer> {
  const socket = connect(path);
  const peer = new RawPeer(socket);
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return peer;
}

/** Listens as a stranger for the client under test. */
export async function rawServer(
  t: TestContext,
  path: string,
  onPeer: (peer: RawPeer) => void,
): Promise<Server> {
  const peers = new Set<RawPeer>();
  const server = createServer((socket) => {
    const peer = new RawPeer(socket);
    peers.add(peer);
    onPeer(peer);
  });
  server.listen(path);
  await once(server, "listening");
  t.after(() => {
    for (const peer of peers) peer.socket.destroy();
    server.close();
  });
  return server;
}
