import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  decodeMetrics,
  decodeTraces,
  type ReceivedAttribute,
  type ReceivedBody,
  type ReceivedMetric,
  type ReceivedSpan,
} from "./otlp-message.ts";

/** A request that arrived. */
export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: ReceivedBody;
}

/** What it answers: a status, or nothing at all. */
export type SinkAnswer =
  | {
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: Uint8Array;
    }
  | "silence";

/** A program's worth of OTLP/HTTP: keeps what it is sent, and answers as it is told. */
export class OtlpSink {
  /** Those with spans. */
  readonly requests: ReceivedRequest[] = [];
  /** All metrics so far. */
  readonly metrics: ReceivedMetric[] = [];
  /** What the next requests are answered, in order; 200 afterwards. */
  readonly answers: SinkAnswer[] = [];
  readonly #server: Server;
  #arrived = Promise.withResolvers<void>();

  private constructor() {
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => {
        const path = request.url ?? "";
        const body = Buffer.concat(pieces);
        if (path.endsWith("/v1/metrics")) this.metrics.push(...decodeMetrics(body));
        else this.requests.push({ path, headers: request.headers, body: decodeTraces(body) });
        const answer = this.answers.shift() ?? { status: 200 };
        if (answer !== "silence")
          response.writeHead(answer.status, answer.headers).end(answer.body ?? "");
        this.#arrived.resolve();
        this.#arrived = Promise.withResolvers();
      });
    });
  }

  /** At a port of this machine, or at the path of a socket. */
  static async listen(path?: string): Promise<OtlpSink> {
    const sink = new OtlpSink();
    const at = path === undefined ? { port: 0, host: "127.0.0.1" } : { path };
    await new Promise<void>((resolve) => sink.#server.listen(at, resolve));
    return sink;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (typeof address === "string") return `unix:${address}`;
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** All spans so far. */
  get spans(): ReceivedSpan[] {
    return this.requests
      .flatMap(({ body }) => body.resourceSpans)
      .flatMap(({ scopeSpans }) => scopeSpans)
      .flatMap(({ spans }) => spans);
  }

  /** Resolves once `holds` does; asked after each request. */
  async until(holds: (sink: this) => boolean): Promise<void> {
    while (!holds(this)) await this.#arrived.promise;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The attributes of a span by name. */
export function attributesOf(span: {
  readonly attributes?: readonly ReceivedAttribute[];
}): Record<string, string | number | undefined> {
  return Object.fromEntries(
    (span.attributes ?? []).map(({ key, value: { intValue, stringValue } }) => [
      key,
      intValue === undefined ? stringValue : Number(intValue),
    ]),
  );
}
