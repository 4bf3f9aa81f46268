import type { IncomingHttpHeaders } from "node:http";
import {
  Http2ServerRequest,
  type IncomingHttpHeaders as Http2Headers,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import type { ReadableOptions } from "node:stream";

/** The connection of each session: Node shows a stand-in, which is another one for each request. */
export const sessionSockets = new WeakMap<object, Socket>();

/**
 * A request of HTTP/2 as the request of HTTP/1.1 that means the same, so that whoever reads it need not know: `host` is the
 * `:authority`, and a body without a length is one of chunks. What the client sent itself is in {@link fields}.
 */
export class Http2Request extends Http2ServerRequest {
  /** As they came, without pseudo headers. */
  readonly fields: Http2Headers = {};
  override readonly headers: IncomingHttpHeaders & Http2Headers;
  override readonly rawHeaders: string[] = [];
  override readonly socket: Socket & Http2ServerRequest["socket"];

  constructor(
    stream: ServerHttp2Stream,
    headers: Http2Headers,
    options: ReadableOptions,
    rawHeaders: readonly string[],
  ) {
    super(stream, headers, options, rawHeaders);
    this.socket = sessionSockets.get(stream.session as object) as Http2Request["socket"];
    for (const name in headers) if (!name.startsWith(":")) this.fields[name] = headers[name];
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] as string;
      if (!name.startsWith(":") && name !== "cookie")
        this.rawHeaders.push(name, rawHeaders[i + 1] as string);
    }
    // Clients may send its pairs one by one; in HTTP/1.1 they are one field (RFC 9113, 8.2.3).
    const { cookie } = this.fields;
    if (cookie !== undefined) this.rawHeaders.push("cookie", cookie);
    const host = headers[":authority"] ?? headers.host;
    this.headers = { ...this.fields, ...(host === undefined ? undefined : { host }) };
    if (!stream.endAfterHeaders && this.fields["content-length"] === undefined)
      this.headers["transfer-encoding"] = "chunked";
    // An accessor of the base class that calls a request complete which was broken off.
    Object.defineProperty(this, "complete", {
      get: () => stream.endAfterHeaders || (this.readableEnded && !stream.aborted),
    });
    // Whoever reads the body hears of its end from that; nobody else waits for it.
    this.on("error", () => {});
  }

  /** Node ends the body of a stream that was reset like one that is whole; it must not be taken for that. */
  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (chunk === null && this.stream.aborted) {
      if (!this.readableEnded && !this.destroyed) this.destroy(new Error("The stream was reset."));
      return false;
    }
    return super.push(chunk, encoding);
  }
}
