import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { nodeHttp } from "@kerf/call/http";
import { KerfError } from "@kerf/kernel";
import { attemptFailure } from "./failure.ts";
import { type Forwarding } from "./forward.ts";
import type { Fields } from "./http1/fields.ts";
import { left, type TrafficParts } from "./upstream.ts";

/** RFC 6455, 1.3. */
const handshakeId = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Whether a request asks for a WebSocket, as RFC 6455, 4.2.1 has it. */
export function asksForWebSocket({ headers, httpVersionMinor, method }: IncomingMessage): boolean {
  return (
    method === "GET" &&
    httpVersionMinor >= 1 &&
    headers.upgrade?.toLowerCase() === "websocket" &&
    (headers.connection?.toLowerCase().split(",") ?? []).some(
      (name) => name.trim() === "upgrade",
    ) &&
    headers["sec-websocket-version"] === "13" &&
    /^[a-z0-9+/]{22}==$/i.test(headers["sec-websocket-key"] ?? "")
  );
}

/** The open WebSockets of a gateway. */
export class Tunnels {
  readonly #heads = new WeakMap<IncomingMessage, Buffer>();
  readonly #open = new Set<Socket>();

  /** Notes what was read beyond the head of a request whose connection is free for a WebSocket. */
  offer(request: IncomingMessage, head: Buffer): void {
    this.#heads.set(request, head);
  }

  /** Whether the connection of the request is free for a WebSocket. */
  has(request: IncomingMessage): boolean {
    return this.#heads.has(request);
  }

  /** Ends all; their clients connect again, elsewhere. */
  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  /**
   * Connects the client to an instance of the upstream and stays in between until either side ends, or both are silent for too long.
   * @throws KerfError when the client has been sent nothing yet
   */
  async run(forwarding: Forwarding, parts: TrafficParts): Promise<void> {
    const { upstream, response } = forwarding;
    const { admission, policies } = upstream;
    const { clock } = parts;
    if (!admission.tryEnter()) await admission.enter(clock.now() + policies.deadlineMs);
    try {
      const { instance } = upstream.pick(undefined, clock.now());
      instance.enter();
      try {
        if (response.destroyed) throw left();
        await this.#connect(forwarding, instance.origin, instance.tls, parts);
      } finally {
        instance.leave();
      }
    } finally {
      admission.leave();
    }
  }

  async #connect(
    forwarding: Forwarding,
    origin: URL,
    tls: object | undefined,
    { clock }: TrafficParts,
  ): Promise<void> {
    const { request, response, upstream, target, head } = forwarding;
    const client = request.socket;
    const headers = [...head, "connection", "Upgrade", "upgrade", "websocket"];
    if (!head.includes("host")) headers.push("host", origin.host);
    const send = origin.protocol === "https:" ? requestHttps : nodeHttp().request;
    const upgrade = send(origin, { path: target, agent: false, headers, ...tls });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = clock.after(upstream.policies.deadlineMs, () =>
      upgrade.destroy(
        new KerfError("deadline_exceeded", `${origin.origin} did not answer in time.`),
      ),
    );
    const onLeft = (): void => void upgrade.destroy(left());
    client.once("close", onLeft);
    upgrade.once("error", (error) =>
      reject(attemptFailure(error, origin.origin, upgrade.socket?.connecting === false)),
    );
    upgrade.once("response", (answer) => {
      // It refuses: the client gets its answer.
      const shown = forwarding.answerHead(answer.statusCode ?? 502, fieldsOf(answer), origin);
      response.writeHead(answer.statusCode ?? 502, [...shown, "connection", "close"]);
      answer.pipe(response);
      answer.once("close", () => resolve());
    });
    upgrade.once("upgrade", (answer, socket, first) => {
      client.off("close", onLeft);
      const accept = createHash("sha1")
        .update(`${request.headers["sec-websocket-key"]}${handshakeId}`)
        .digest("base64");
      if (answer.headers["sec-websocket-accept"] !== accept) {
        socket.destroy();
        reject(
          new KerfError(
            "protocol_error",
            `${origin.origin} answers to another WebSocket handshake.`,
          ),
        );
        return;
      }
      const shown = forwarding.answerHead(101, fieldsOf(answer), origin);
      response.statusCode = 101;
      client.write(
        `HTTP/1.1 101 Switching Protocols\r\n${linesOf(["connection", "Upgrade", "upgrade", "websocket", ...shown])}\r\n`,
        "latin1",
      );
      if (first.length > 0) client.write(first);
      const early = this.#heads.get(request);
      if (early !== undefined && early.length > 0) socket.write(early);
      this.#join(client, socket, upstream.policies.tunnelIdleMs, resolve);
    });
    upgrade.end();
    try {
      await promise;
    } finally {
      timer.cancel();
      client.off("close", onLeft);
    }
  }

  #join(client: Socket, far: Duplex, idleMs: number, done: () => void): void {
    this.#open.add(client);
    const end = (): void => {
      client.destroy();
      far.destroy();
    };
    // Bytes in either direction are a sign of life.
    client.setTimeout(idleMs, end);
    client.on("error", end).once("close", () => {
      this.#open.delete(client);
      end();
      done();
    });
    far.on("error", end).once("close", end);
    client.pipe(far);
    far.pipe(client);
  }
}

/** Header lines; values come from parsed heads and checked settings, so none holds a line break. */
function linesOf(head: readonly string[]): string {
  let lines = "";
  for (let i = 0; i < head.length; i += 2) lines += `${head[i]}: ${head[i + 1]}\r\n`;
  return lines;
}

function fieldsOf({ rawHeaders }: IncomingMessage): Fields {
  return rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
}
