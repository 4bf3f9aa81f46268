import type { Socket } from "node:net";
import { nodeHttp } from "../node-http.ts";
import type { PlainHead } from "./plain-head.ts";

const { IncomingMessage } = nodeHttp();

/** A request that arrived as a whole. Its body may be read like any other's, or taken at once. */
export class PlainRequest extends IncomingMessage {
  /** Empty when there is none. */
  readonly body: Buffer;
  /** Whether no field of it is the platform's alone, and none comes twice: there is nothing to take away or refuse. */
  readonly isScreened: boolean;
  #isGiven = false;

  constructor(socket: Socket, head: PlainHead, body: Buffer) {
    super(socket);
    this.httpVersion = "1.1";
    this.httpVersionMajor = 1;
    this.httpVersionMinor = 1;
    this.method = head.method;
    this.url = head.url;
    this.headers = head.headers;
    this.rawHeaders = head.rawHeaders;
    this.complete = true;
    this.body = body;
    this.isScreened = head.isScreened;
  }

  /** For those who read it as a stream; the connection has nothing more to give. */
  override _read(): void {
    if (this.#isGiven) return;
    this.#isGiven = true;
    if (this.body.length > 0) this.push(this.body);
    this.push(null);
  }
}
