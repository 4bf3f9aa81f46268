import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";

/** Most of a body that is kept for a comparison, bytes; of larger ones only the status is compared. */
const keptBytes = 262_144;
/** Most that one may unpack to, bytes. */
const unpackedBytes = 4 * keptBytes;

const unpack: Readonly<
  Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** An answer that was kept for a comparison. */
export interface CapturedAnswer {
  readonly status: number;
  /** The JSON of its body; undefined when it has none, or was not kept. */
  readonly json: unknown;
}

/** Keeps an answer as it passes. */
export class AnswerCapture {
  #status = 0;
  #encoding: string | undefined;
  #isJson = false;
  #chunks: Buffer[] | undefined = [];
  #size = 0;

  head(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    this.#status = status;
    this.#isJson = /^application\/(?:[^;]*\+)?json\b/i.test(String(headers["content-type"] ?? ""));
    this.#encoding = headers["content-encoding"]?.toString().trim().toLowerCase();
  }

  piece(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > keptBytes || !this.#isJson) this.#chunks = undefined;
    else this.#chunks?.push(chunk);
  }

  /** What was kept. Never rejects: a body that is not JSON has none. */
  async answer(): Promise<CapturedAnswer> {
    const none = { status: this.#status, json: undefined };
    if (this.#chunks === undefined || this.#size === 0) return none;
    try {
      let body: Buffer = Buffer.concat(this.#chunks);
      if (this.#encoding !== undefined && this.#encoding !== "identity") {
        const way = unpack[this.#encoding];
        if (way === undefined) return none;
        body = await way(body, { maxOutputLength: unpackedBytes });
      }
      return { status: this.#status, json: JSON.parse(body.toString("utf8")) };
    } catch {
      return none;
    }
  }
}
