/** Where an upstream's answer goes: the response of a client, or what keeps the answer on its way there. */
export interface AnswerSink {
  /** Nobody is told of interim answers who asked in HTTP/1.0. */
  readonly req: { readonly httpVersionMinor: number };
  readonly destroyed: boolean;
  readonly headersSent: boolean;
  readonly writableFinished: boolean;
  writeHead(status: number, head: string[]): unknown;
  writeHead(status: number, reason: string, head: string[]): unknown;
  writeContinue(): void;
  writeProcessing(): void;
  writeEarlyHints(hints: { link: string }): void;
  /** False: no more until `drain`. */
  write(chunk: Buffer): boolean;
  end(): unknown;
  end(text: string, encoding: "latin1"): unknown;
  addTrailers(trailers: [string, string][]): void;
  /** `close`: nobody takes the rest. */
  once(event: "close" | "drain", listener: () => void): unknown;
  off(event: "close", listener: () => void): unknown;
  destroy(): unknown;
}
