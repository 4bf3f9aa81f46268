import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";

/** A slow one takes so many bytes each time, milliseconds apart: a batch of spans takes it hours. */
const sipBytes = 16;
const sipMs = 250;

/** A backend that programs send their telemetry to beside the store: it takes everything at once, or sips. */
export class Exporter {
  readonly #server: Server;
  /** Bodies that it took whole. */
  taken = 0;
  isSlow = false;

  private constructor() {
    this.#server = createServer((request, response) => {
      if (this.isSlow) return sip(request);
      request.resume().on("end", () => {
        this.taken++;
        response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
      });
    });
  }

  static async start(): Promise<Exporter> {
    const exporter = new Exporter();
    exporter.#server.listen(0, "127.0.0.1");
    await once(exporter.#server, "listening");
    return exporter;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Reads a little now and then, and never answers. */
function sip(request: IncomingMessage): void {
  const timer = setInterval(() => request.read(sipBytes), sipMs);
  request.on("readable", () => {}).on("close", () => clearInterval(timer));
}
