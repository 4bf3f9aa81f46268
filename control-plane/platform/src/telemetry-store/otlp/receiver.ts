import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { KerfError } from "@kerf/kernel";
import type { Received } from "../store.ts";
import { partialSuccess } from "./partial-success.ts";
import { type Encoding, readBatch, type Signal } from "./signal.ts";

/** Largest body, packed and unpacked, bytes; SDKs send some 500 spans at once, ours some 4,000. */
export const maxBodyBytes = 16_777_216;
/** Bodies that are read at once: with the bound above, what they take of memory. */
const maxBodies = 16;
const unzip = promisify(gunzip);

/** Where rows go: resolves when they are kept. */
export interface RowSink {
  add(rows: readonly Received[]): Promise<void>;
}

/** Reads requests of all protocols and has them kept. Everything here throws a KerfError; `not-executed` for what may be sent again. */
export class Receiver {
  readonly #rows: RowSink;
  #bodies = 0;

  constructor(rows: RowSink) {
    this.#rows = rows;
  }

  /** Does one request's work, unless too many are under way. */
  async one<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#bodies >= maxBodies) {
      throw new KerfError("overloaded", {
        message: "Too many requests at once.",
        retry: "not-executed",
        retryAfterMs: 1_000,
      });
    }
    this.#bodies++;
    try {
      return await work();
    } finally {
      this.#bodies--;
    }
  }

  /** Keeps what a body holds, and answers what its sender is to be told. */
  async keep(signal: Signal, encoding: Encoding, body: Buffer): Promise<Buffer> {
    const { rejected, rows, why } = readBatch(signal, encoding, body);
    await this.#rows.add(rows);
    return partialSuccess(encoding, signal, rejected, why);
  }
}

/** A body in one piece. Throws when it is larger than what is taken. */
export async function collect(pieces: AsyncIterable<Buffer>, most = maxBodyBytes): Promise<Buffer> {
  const taken: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > most) throw tooLarge();
    taken.push(piece);
  }
  return Buffer.concat(taken);
}

/** A body as it was before it was packed with this encoding (`identity` for not at all). */
export async function unpack(body: Buffer, coding: string): Promise<Buffer> {
  if (coding === "identity") return body;
  if (coding !== "gzip") {
    throw new KerfError("invalid_input", {
      message: `${JSON.stringify(coding)} is no encoding that is understood.`,
      fix: "Send gzip, or nothing packed.",
    });
  }
  try {
    return await unzip(body, { maxOutputLength: maxBodyBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
    throw new KerfError("invalid_input", `The body is no gzip: ${(error as Error).message}`);
  }
}

/** A body that is larger than what is taken. */
export function tooLarge(): KerfError {
  return new KerfError("payload_too_large", {
    message: `The body is larger than ${maxBodyBytes / 1_048_576} MiB.`,
    fix: "Send smaller batches.",
  });
}
