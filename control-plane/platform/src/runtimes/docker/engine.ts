import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { KerfError } from "@kerf/kernel";

/** The version of the Engine API that is spoken (https://docs.docker.com/reference/api/engine/): that of Docker 20.10, and of Podman's service. */
const apiVersion = "v1.41";
/** How long an ordinary request may take, milliseconds. */
const requestMs = 60_000;
/** Where the engine listens where `DOCKER_HOST` says nothing. */
const usualSocket = "/var/run/docker.sock";

/** What a request asks beside its path. */
export interface EngineRequest {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds; 0 without a bound. */
  readonly boundMs?: number;
}

/** Docker's Engine API over its socket. */
export class Engine {
  readonly socket: string;

  constructor(socket: string = engineSocket()) {
    this.socket = socket;
  }

  /** Asks, and answers the document. Throws `not_found`, `conflict`, `unavailable`, or `start_failed` with what the engine says. */
  async call<Answer>(method: string, path: string, asked: EngineRequest = {}): Promise<Answer> {
    const response = await this.stream(method, path, asked);
    const said = await text(response);
    return (said === "" ? undefined : JSON.parse(said)) as Answer;
  }

  /** Asks, and answers the stream of what the engine says. */
  async stream(method: string, path: string, asked: EngineRequest = {}): Promise<IncomingMessage> {
    const { boundMs = requestMs, headers } = asked;
    const isBinary = asked.body instanceof Uint8Array;
    const body = isBinary ? (asked.body as Uint8Array) : encoded(asked.body);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({
        socketPath: this.socket,
        method,
        path: pathOf(path, asked.query),
        headers: {
          host: "docker",
          ...(body === undefined
            ? undefined
            : {
                "content-type": isBinary ? "application/x-tar" : "application/json",
                "content-length": String(body.byteLength),
              }),
          ...headers,
        },
        ...(boundMs === 0 ? undefined : { signal: AbortSignal.timeout(boundMs) }),
      });
      sent.once("response", resolve);
      sent.once("error", (cause) => reject(this.#away(cause)));
      sent.end(body);
    });
    // A stream that breaks ends; whoever reads it sees what is missing.
    response.on("error", () => {});
    const { statusCode = 500 } = response;
    if (statusCode < 400) return response;
    throw refused(statusCode, `${method} ${path}`, await text(response).catch(() => ""));
  }

  /** Takes over the connection to a container's standard input. */
  attachInput(container: string): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const sent = request({
        socketPath: this.socket,
        method: "POST",
        path: pathOf(`/containers/${container}/attach`, { stream: "1", stdin: "1" }),
        headers: { host: "docker", connection: "Upgrade", upgrade: "tcp" },
        timeout: requestMs,
      });
      sent.once("upgrade", (_response, socket) => {
        // It ended before it had read everything: its exit is what counts.
        socket.on("error", () => {});
        // What is to be written may take its time.
        (socket as Socket).setTimeout(0);
        socket.resume();
        resolve(socket);
      });
      sent.once("response", (response) => {
        response.resume();
        reject(refused(response.statusCode ?? 500, `attach ${container}`, ""));
      });
      sent.once("timeout", () => sent.destroy(new Error(`no answer within ${requestMs} ms`)));
      sent.once("error", (cause) => reject(this.#away(cause)));
      sent.end();
    });
  }

  #away(cause: Error): KerfError {
    const denied = (cause as NodeJS.ErrnoException).code === "EACCES";
    return new KerfError("unavailable", {
      message: `Docker does not answer at ${this.socket}.`,
      why: cause.message,
      fix: denied
        ? "Add yourself to the group docker, and log in again."
        : "Start it, or name its socket: DOCKER_HOST=unix:///path",
      cause,
    });
  }
}

/** Where `DOCKER_HOST` says that the engine listens. Throws `invalid_configuration` for one that is elsewhere. */
export function engineSocket(environment: NodeJS.ProcessEnv = process.env): string {
  const host = environment["DOCKER_HOST"];
  if (host === undefined || host === "") return usualSocket;
  if (host.startsWith("unix://")) return host.slice("unix://".length);
  throw new KerfError("invalid_configuration", {
    message: `DOCKER_HOST names ${host}, which is not on this machine.`,
    why: "Containers of a platform share folders and a network with it.",
    fix: "Use the engine of this machine: DOCKER_HOST=unix:///var/run/docker.sock",
  });
}

function pathOf(path: string, query: Readonly<Record<string, string>> | undefined): string {
  const asked = query === undefined ? "" : `?${new URLSearchParams(query).toString()}`;
  return `/${apiVersion}${path}${asked}`;
}

function encoded(body: unknown): Buffer | undefined {
  return body === undefined ? undefined : Buffer.from(JSON.stringify(body));
}

function refused(status: number, asked: string, said: string): KerfError {
  const code = status === 404 ? "not_found" : status === 409 ? "conflict" : "start_failed";
  return new KerfError(code, {
    message: `Docker refused ${asked}.`,
    why: messageIn(said) ?? `It answered ${status}.`,
    fix: "What Docker says of it: journalctl -u docker",
  });
}

function messageIn(said: string): string | undefined {
  try {
    return (JSON.parse(said) as { message?: string }).message;
  } catch {
    return said === "" ? undefined : said.slice(0, 500);
  }
}
