import type { OutgoingHttpHeaders } from "node:http";
import { constants, type Http2ServerRequest, Http2ServerResponse } from "node:http2";

/** For one connection of HTTP/1 only (RFC 9113, 8.2.2). */
const connectionHeaders: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** Pieces that are worth counting, bytes. */
const countedBytes = 16_384;
/** Bytes of answers that were reset which a connection may add up before it ends: half of what its buffers may hold. */
const maxLostBytes = 32_000_000;
/**
 * Node goes on counting what a stream had not sent when it was reset as held by the connection (seen in 26.10), and once that
 * is all that it may hold, it refuses every request on it.
 */
const lost = new WeakMap<object, number>();

/** Of a request that is answered already, bytes that are taken in: what a client may have sent before it could know. */
const readOnBytes = 65_536;

/** An answer over HTTP/2 that can be written like one over HTTP/1.1. */
export class Http2Response extends Http2ServerResponse {
  #unsent = 0;

  constructor(stream: Http2ServerRequest["stream"]) {
    super(stream);
    const { session } = stream;
    stream.once("close", () => {
      if (this.#unsent === 0 || session === undefined) return;
      const bytes = (lost.get(session) ?? 0) + this.#unsent;
      lost.set(session, bytes);
      // Its client goes on over another one.
      if (bytes > maxLostBytes && !session.closed) session.close();
    });
    // Node's says nothing of it.
    Object.defineProperty(this, "destroyed", { get: () => stream.destroyed || stream.closed });
  }

  override setHeader(name: string, value: number | string | readonly string[]): void {
    if (!connectionHeaders.has(name.toLowerCase())) super.setHeader(name, value);
  }

  /** Leaves out what HTTP/2 has not: the reason phrase, and what is for one connection. Takes names and values in turn, too. */
  override writeHead(status: number, ...rest: unknown[]): this {
    const given = (typeof rest[0] === "string" ? rest[1] : rest[0]) ?? {};
    const list = Array.isArray(given) ? (given as string[]) : Object.entries(given).flat();
    const headers: string[] = [];
    for (let i = 0; i < list.length; i += 2) {
      const name = list[i] as string;
      if (!connectionHeaders.has(name.toLowerCase())) headers.push(name, list[i + 1] as string);
    }
    return super.writeHead(status, headers as unknown as Record<string, string>);
  }

  /** Takes pairs of names and values, too. */
  override addTrailers(
    trailers: OutgoingHttpHeaders | readonly (readonly [string, string])[],
  ): void {
    const pairs = Array.isArray(trailers)
      ? (trailers as readonly (readonly [string, string])[])
      : undefined;
    if (pairs === undefined) return super.addTrailers(trailers as OutgoingHttpHeaders);
    const byName: Record<string, string[]> = {};
    for (const [name, value] of pairs) (byName[name] ??= []).push(value);
    super.addTrailers(byName);
  }

  /** Does nothing: no client of HTTP/2 makes anything of it. */
  writeProcessing(): void {}

  override write(chunk: any, ...rest: any[]): boolean {
    const bytes = (chunk as string | Uint8Array).length;
    if (bytes < countedBytes) return super.write(chunk, ...(rest as [BufferEncoding]));
    this.#unsent += bytes;
    const encoding = typeof rest[0] === "string" ? (rest[0] as BufferEncoding) : "utf8";
    const { stream } = this;
    return super.write(chunk, encoding, () => {
      // Of a stream that is reset, it is called as well.
      if (stream.rstCode === 0 && !stream.destroyed) this.#unsent -= bytes;
    });
  }

  override end(chunk?: any, encoding?: any): this {
    const { req, stream } = this;
    // To HEAD, the body is left out, as HTTP/1 does.
    super.end(req.method === "HEAD" ? null : chunk, encoding);
    if (!req.complete && !stream.destroyed) this.#readOn();
    return this;
  }

  /**
   * The answer came before its request was read. What is left of a small one is taken in; a client with more need not send it
   * (RFC 9113, 8.1). Not always so: clients of gRPC take that for a failure.
   */
  #readOn(): void {
    const { req, stream } = this;
    const enough = (): void => {
      if (!stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
    };
    if (Number(req.headers["content-length"] ?? 0) > readOnBytes) return enough();
    let bytes = 0;
    req.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > readOnBytes) enough();
    });
    req.resume();
  }

  /** The client learns that the answer is not complete. */
  override destroy(): this {
    const { stream } = this;
    if (!stream.closed && !stream.destroyed) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return this;
  }
}
