import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Answer, Identity } from "@kerf/call/http";
import type { CompressionSettings } from "@kerf/service";
import { type Encoding, encodingFor } from "./accept-encoding.ts";

/** Shortest body that is compressed unless the app says, bytes: below, a packet is a packet. */
const defaultMinBytes = 1_024;
/** Answers compressed at the same time; twice as many as libuv has threads for them. */
const maxAtOnce = 8;
/** Brotli's quality: about as fast as gzip, and smaller; higher ones are for what is compressed once and sent often. */
const brotliQuality = 4;

const compressible =
  /^(?:text\/(?!event-stream)[^;]+|application\/(?:[a-z0-9.-]+\+)?(?:json|xml))\s*(?:;|$)/i;

const brotliAsync = promisify(brotliCompress);
const gzipAsync = promisify(gzip);

/** Compresses answers off the event loop, as many at once as there are threads to work and wait; others go as they are. */
export class Compressor {
  readonly #most: number;
  #underWay = 0;

  constructor(most: number = maxAtOnce) {
    this.#most = most;
  }

  /** The answer in the encoding that its client likes best. Never rejects. */
  compress(
    request: IncomingMessage,
    answer: Answer,
    identity: Identity | undefined,
    { minBytes = defaultMinBytes, sessions = false }: CompressionSettings,
  ): Answer | Promise<Answer> {
    const { body, headers } = answer;
    if (body === undefined || Buffer.byteLength(body) < minBytes) return answer;
    if ("content-encoding" in headers || !compressible.test(headers["content-type"] ?? ""))
      return answer;
    if (!sessions && identity?.ambient === true) return answer;
    const vary = headers["vary"] === undefined ? "" : `${headers["vary"]}, `;
    const varied = { ...answer, headers: { ...headers, vary: `${vary}Accept-Encoding` } };
    const accepted = request.headers["accept-encoding"];
    const encoding = encodingFor(Array.isArray(accepted) ? accepted.join() : accepted);
    if (encoding === undefined || this.#underWay >= this.#most) return varied;
    return this.#encode(varied, body, encoding);
  }

  async #encode(answer: Answer, body: string | Uint8Array, encoding: Encoding): Promise<Answer> {
    this.#underWay++;
    try {
      const encoded =
        encoding === "gzip"
          ? await gzipAsync(body)
          : await brotliAsync(body, {
              params: {
                [constants.BROTLI_PARAM_QUALITY]: brotliQuality,
                [constants.BROTLI_PARAM_SIZE_HINT]: Buffer.byteLength(body),
              },
            });
      const { etag } = answer.headers;
      // Other bytes need another strong tag (RFC 9110, 8.8.3.3).
      const tag = etag === undefined ? undefined : { etag: etag.replace(/"$/, `-${encoding}"`) };
      return {
        ...answer,
        headers: { ...answer.headers, ...tag, "content-encoding": encoding },
        body: encoded,
      };
    } catch {
      // zlib out of memory: the answer itself is there.
      return answer;
    } finally {
      this.#underWay--;
    }
  }
}
