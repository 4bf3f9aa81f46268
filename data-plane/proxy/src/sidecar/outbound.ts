import { timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { nodeHttp, problemOf, sendAnswer } from "@kerf/call/http";
import { type CallContext, KerfError, newTrace } from "@kerf/kernel";
import type { ExternalService } from "@kerf/service";
import type { CompanionParts } from "@kerf/service/companion";
import { parseTraceparent } from "@kerf/telemetry";
import type { CallsUnderWay } from "./calls-under-way.ts";
import { Egress } from "./egress.ts";
import { OutboundCalls } from "./outbound-call.ts";
import { targetOf } from "./outbound-target.ts";
import { type EventTaker, takeEvent } from "./take-event.ts";
import { isOwnConnection, knowsOwners } from "./socket-owner.ts";

/** Bounds of the program's requests, milliseconds and bytes (`defaults.md`: inbound HTTP). */
const server = { headersTimeout: 10_000, requestTimeout: 60_000, maxHeaderSize: 16_384 };

/** What the program's way out is made of. */
export interface OutboundOptions extends Pick<
  CompanionParts,
  "caller" | "runtime" | "clock" | "wheel" | "log" | "directory"
> {
  readonly service: ExternalService<any, any>;
  readonly calls: CallsUnderWay;
  /** What the program may prove itself with. */
  readonly token: string;
}

/**
 * The program's way to other services, and for its events: a socket in an owner-only directory, and a port of the loopback that is a
 * forward proxy too. At the port only this user's programs are let in, which the system says of a connection, or the token.
 */
export class Outbound {
  readonly #options: OutboundOptions;
  readonly #calls: OutboundCalls;
  readonly #egress: Egress;
  readonly #events: EventTaker;
  readonly #servers: Server[] = [];
  readonly #known = new WeakMap<Socket, Promise<boolean>>();
  #port = 0;

  private constructor(options: OutboundOptions) {
    this.#options = options;
    this.#calls = new OutboundCalls(options);
    this.#egress = new Egress(options.service.program.allow);
    const { clock, runtime, service, wheel } = options;
    this.#events = {
      service: service.name,
      clock,
      wheel,
      emit: (event, payload, context) => runtime.emit(service.name, event, payload, context),
    };
  }

  static async listen(options: OutboundOptions): Promise<Outbound> {
    const outbound = new Outbound(options);
    const socket = outbound.#server(() => Promise.resolve(true)).listen(outbound.socketPath);
    await once(socket, "listening");
    const port = outbound.#server((request) => outbound.#mayEnter(request)).listen(0, "127.0.0.1");
    await once(port, "listening");
    outbound.#port = (port.address() as AddressInfo).port;
    return outbound;
  }

  get socketPath(): string {
    return join(this.#options.directory, "out");
  }

  /** What the program finds its way by. */
  get environment(): Record<string, string> {
    const url = `http://127.0.0.1:${this.#port}`;
    const own = "127.0.0.1,localhost";
    return {
      KERF_SOCKET: this.socketPath,
      KERF_URL: url,
      // Clients that take a proxy from the environment have no token to send; where the system does not know them they are not let in.
      ...(knowsOwners
        ? { HTTP_PROXY: url, http_proxy: url, NO_PROXY: own, no_proxy: own }
        : undefined),
    };
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#servers.map(async (each) => {
        each.close();
        each.closeAllConnections();
        if (each.listening) await once(each, "close");
      }),
    );
    this.#egress.close();
  }

  #server(enters: (request: IncomingMessage) => Promise<boolean>): Server {
    const made = nodeHttp().createServer(server, (request, response) => {
      void this.#handle(request, response, enters); // Never rejects: whatever fails is answered.
    });
    made.on("connect", (request: IncomingMessage, socket: Socket, head: Buffer) => {
      void enters(request).then((may) => this.#egress.tunnel(request, socket, head, may));
    });
    this.#servers.push(made);
    return made;
  }

  async #handle(
    request: IncomingMessage,
    response: ServerResponse,
    enters: (request: IncomingMessage) => Promise<boolean>,
  ): Promise<void> {
    const { traceparent, tracestate } = request.headers;
    // Not one span further: nothing is recorded here between the program's own span and the call's.
    let trace = parseTraceparent(text(traceparent), text(tracestate)) ?? newTrace();
    let place: { service: string; target: string } | undefined;
    try {
      // Who: nobody else on this machine gets to learn what there is.
      if (!(await enters(request))) throw refused();
      assertNoBrowser(request);
      // What for: an id that leads nowhere is a call that is over, and nothing may go on in its name.
      const parent = this.#parentOf(request);
      if (parent !== undefined && traceparent === undefined) trace = parent.trace;
      const target = targetOf(request, this.#calls.names);
      if ("host" in target) return this.#egress.forward(request, response, target);
      if ("event" in target)
        return await takeEvent(
          { request, response, event: target.event, trace, parent },
          this.#events,
        );
      place = target;
      const deadlineMs = deadlineOf(request);
      await this.#calls.run({ request, response, ...target, trace, parent, deadlineMs });
    } catch (thrown) {
      const route = place && this.#calls.describe(place.service, { request, target: place.target });
      this.#refuse(request, response, thrown, {
        traceId: trace.traceId,
        service: place?.service,
        description: route?.description,
      });
    }
  }

  #parentOf(request: IncomingMessage): CallContext | undefined {
    const id = text(request.headers["x-kerf-call"]);
    if (id === undefined) return undefined;
    const context = this.#options.calls.find(id);
    if (context !== undefined) return context;
    throw new KerfError("conflict", {
      message: "The call that this one is made for is over.",
      why: "Its id in X-Kerf-Call leads to no call that this program is working on.",
      fix: "Finish what a call needs before you answer it, or leave the header out: then it is a call of its own.",
      retry: "never",
    });
  }

  /** Asked once a connection: whose it is does not change. */
  async #mayEnter(request: IncomingMessage): Promise<boolean> {
    const bearer = /^Bearer (.+)$/i.exec(text(request.headers["proxy-authorization"]) ?? "")?.[1];
    const given = text(request.headers["x-kerf-token"]) ?? bearer;
    if (given !== undefined) return sameText(given, this.#options.token);
    let known = this.#known.get(request.socket);
    if (known === undefined) {
      known = isOwnConnection(request.socket).catch(() => false);
      this.#known.set(request.socket, known);
    }
    return known;
  }

  #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    thrown: unknown,
    place: Parameters<typeof problemOf>[1],
  ): void {
    const { log, clock, service } = this.#options;
    const { problem, headers } = problemOf(thrown, place);
    if (problem.status >= 500)
      log.warn("a call of the program failed", {
        service: service.name,
        code: problem.code,
        error: thrown,
      });
    sendAnswer(
      request,
      response,
      {
        status: problem.status,
        headers: { "content-type": "application/problem+json", ...headers },
        body: JSON.stringify(problem),
      },
      clock,
    );
  }
}

/** A page in this user's browser reaches the loopback as well as any program; it has no business here. */
function assertNoBrowser({ headers }: IncomingMessage): void {
  if (headers.origin === undefined && headers["sec-fetch-site"] === undefined) return;
  throw new KerfError("forbidden", {
    message: "Pages in a browser cannot call services from here.",
    fix: "Let them call a gateway of the app.",
  });
}

function refused(): KerfError {
  return new KerfError("forbidden", {
    message: "Only the program of this sidecar may call from here.",
    why: "The connection is not one of the same user, as far as this system says, and it brought no token.",
    fix: "Use the socket KERF_SOCKET, or send what is in the file KERF_TOKEN_FILE as X-Kerf-Token.",
  });
}

/** Milliseconds that the program gives a call. */
function deadlineOf(request: IncomingMessage): number | undefined {
  const given = text(request.headers["x-kerf-deadline-ms"]);
  if (given === undefined) return undefined;
  const ms = Number(given);
  if (ms >= 1 && Number.isFinite(ms)) return ms;
  throw new KerfError("invalid_input", {
    message: `X-Kerf-Deadline-Ms ${JSON.stringify(given)} is no number of milliseconds.`,
    fix: "Send a whole number from 1, or leave it out.",
  });
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** The value of a header that must come once. */
function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
