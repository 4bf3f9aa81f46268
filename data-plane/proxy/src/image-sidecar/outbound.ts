import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { isIP, type Socket } from "node:net";
import type { Caller, ImageBoot } from "@kerf/call";
import { nodeHttp, type RouteTable, sendProblem, splitTarget } from "@kerf/call/http";
import type { ContractDescription } from "@kerf/contract";
import { KerfError, newTrace } from "@kerf/kernel";
import { parseTraceparent } from "@kerf/telemetry";
import { callableTables } from "../sidecar/callable-tables.ts";
import { Egress } from "../sidecar/egress.ts";
import { targetOf } from "../sidecar/outbound-target.ts";
import { type EventTaker, takeEvent } from "../sidecar/take-event.ts";
import { type Handle, imageEdge } from "./image-edge.ts";
import { OtherImages, type OtherImagesOptions, usedImages } from "./other-images.ts";

/** Bounds of the program's requests, milliseconds and bytes (`defaults.md`: inbound HTTP). */
const server = { headersTimeout: 10_000, requestTimeout: 60_000, maxHeaderSize: 16_384 };

/** What the way out of an image is made of. */
export interface ImageOutboundOptions extends OtherImagesOptions {
  readonly boot: ImageBoot;
  readonly caller: Caller;
  /** What takes the program's own events; undefined where it was not said that it has any. */
  readonly events?: EventTaker | undefined;
}

/** A service that the program may call, by its contract as the placement has it. */
interface Callee {
  readonly contract: ContractDescription;
  readonly own: { readonly table: RouteTable; readonly handle: Handle };
  readonly byName: Handle;
}

/**
 * The way out of an image: a forward proxy for its program and for nobody else. What is sent to `http://SERVICE/…` becomes a call in the name of the image, of a
 * service that it uses, or a request to an image that it uses; other hosts are reached where they are allowed, and events go to its own log.
 */
export class ImageOutbound {
  readonly #options: ImageOutboundOptions;
  readonly #egress: Egress;
  readonly #program: string;
  readonly #server: Server;
  readonly #others: OtherImages;
  readonly #callees = new Map<string, Callee>();

  private constructor(options: ImageOutboundOptions) {
    this.#options = options;
    this.#egress = new Egress(options.boot.allow);
    this.#others = new OtherImages(options);
    this.#program = options.boot.program.replace(/:\d+$/, "");
    this.#server = nodeHttp().createServer(server, (request, response) =>
      this.#handle(request, response),
    );
    this.#server.on("connect", (request: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#egress.tunnel(request, socket, head, this.#mayEnter(request)),
    );
  }

  static async listen(options: ImageOutboundOptions): Promise<ImageOutbound> {
    const outbound = new ImageOutbound(options);
    const { host, port } = options.boot.outbound;
    outbound.#server.listen({ host, port });
    await once(outbound.#server, "listening");
    return outbound;
  }

  async close(): Promise<void> {
    this.#egress.close();
    this.#others.stop();
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server, "close");
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    try {
      if (!this.#mayEnter(request)) throw refused(this.#options.image);
      const target = targetOf(request, this.#uses(), this.#options.boot.outbound.host);
      if ("host" in target) return this.#egress.forward(request, response, target);
      if ("event" in target) return this.#take(request, response, target.event);
      const { service: name } = target;
      if (usedImages(this.#options.snapshot(), this.#options.image).includes(name))
        return this.#others.forward(request, response, { name, target: target.target });
      const callee = this.#calleeOf(name);
      request.url = target.target;
      const { path } = splitTarget(target.target);
      const isOwn = "route" in callee.own.table.match(request.method ?? "", path);
      (isOwn ? callee.own.handle : callee.byName)(request, response);
    } catch (thrown) {
      sendProblem(request, response, thrown, this.#options.parts.clock);
    }
  }

  #take(request: IncomingMessage, response: ServerResponse, event: string | undefined): void {
    const { events, image, parts } = this.#options;
    if (events === undefined) throw noEvents(image);
    const { traceparent, tracestate } = request.headers;
    const trace = parseTraceparent(traceparent?.toString(), tracestate?.toString()) ?? newTrace();
    takeEvent({ request, response, event, trace }, events).catch((thrown: unknown) =>
      sendProblem(request, response, thrown, parts.clock),
    );
  }

  /** Other copies of the image may be on this network too; each has a sidecar of its own. Where the program has a name instead of an address, it is alone there. */
  #mayEnter({ socket }: IncomingMessage): boolean {
    if (isIP(this.#program) === 0) return true;
    return socket.remoteAddress === this.#program;
  }

  #contracts(): readonly ContractDescription[] {
    return this.#options.snapshot()?.services[this.#options.image]?.contracts ?? [];
  }

  #uses(): ReadonlySet<string> {
    return new Set(this.#options.snapshot()?.services[this.#options.image]?.uses);
  }

  /** With the contract of now: another version may have been deployed since the last call. */
  #calleeOf(service: string): Callee {
    const contract = this.#contracts().find(({ name }) => name === service) as ContractDescription;
    const known = this.#callees.get(service);
    if (known?.contract === contract) return known;
    const [own, byName] = callableTables(contract);
    const callee = {
      contract,
      own: { table: own, handle: this.#edge(own) },
      byName: this.#edge(byName),
    };
    this.#callees.set(service, callee);
    return callee;
  }

  #edge(table: RouteTable): Handle {
    const { caller } = this.#options;
    return imageEdge(this.#options, {
      routes: () => table,
      send: (call) =>
        caller.send({ ...call, kind: call.description.kind, tuned: call.description }),
    });
  }
}

function refused(image: string): KerfError {
  return new KerfError("forbidden", {
    message: `Only the program of ${image} may call from here.`,
    why: "Each copy of an image has a sidecar of its own.",
    fix: "Use the proxy that HTTP_PROXY names.",
  });
}

function noEvents(image: string): KerfError {
  return new KerfError("not_found", {
    message: `${image} emits no events.`,
    why: "It was deployed without any.",
    fix: "Say which when you deploy it, with the field that orders each: --emits tagged:text",
  });
}
