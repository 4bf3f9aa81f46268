import type { Socket } from "node:net";
import type { HttpServerOptions } from "../server.ts";
import { parsedConnections } from "./parsed-connections.ts";
import { PlainConnection, type PlainServer } from "./plain-connection.ts";

/** The connections of a server that speak HTTP/1. */
export interface Http1Connections {
  /** Serves a connection that is open, in clear text or not. */
  accept(socket: Socket): void;
  /** Whether each connection closes with its next answer. */
  lastAnswers(are: boolean): void;
  /** Closes the connections without a request, now and whenever one has been answered. */
  closeIdle(): void;
  closeAll(): void;
  /** Ends what looks after slow requests; the connections are closed. */
  stop(): void;
}

/** How old the date of an answer may be, milliseconds. */
const maxTurnMs = 1_000;

/**
 * Serves requests: those that can be read in one way only are read here, and with the first other one a connection goes to
 * Node's own strict parser for good. So what is hard to read has one reader, and what is common costs little.
 */
export function http1Connections(options: HttpServerOptions): Http1Connections {
  const {
    headersMs = 10_000,
    keepAliveMs = 75_000,
    sendMs = 60_000,
    checkMs = 2_000,
  } = options.limits ?? {};
  const parsed = parsedConnections(options);
  const connections = new Set<PlainConnection>();
  const turnMs = Math.min(checkMs, maxTurnMs);
  let timer: ReturnType<typeof setInterval> | undefined;
  const server: Mutable<PlainServer> = {
    handler: options.handler,
    handOver(socket, bytes) {
      socket.pause();
      socket.unshift(bytes);
      parsed.accept(socket);
      // It listens by now, and gets what was put back before anything else.
      socket.resume();
    },
    closed(connection) {
      connections.delete(connection);
      if (connections.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
    turn: 0,
    lastAnswers: false,
    closingIdle: false,
    dateLine: "",
    keepAliveLines: `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(keepAliveMs / 1_000)}\r\n`,
  };
  const turn = (): void => {
    server.turn++;
    server.dateLine = `date: ${new Date().toUTCString()}\r\n`;
    for (const connection of connections) {
      if (!connection.isIdle) continue;
      const idleMs = (server.turn - connection.idleSince) * turnMs;
      if (idleMs > (connection.isFresh ? headersMs : keepAliveMs)) connection.destroy();
    }
  };
  return {
    accept(socket) {
      if (timer === undefined) {
        turn();
        // Once what has arrived is read: nobody is idle whose request waits in the system.
        timer = setInterval(() => setImmediate(turn), turnMs);
      }
      connections.add(new PlainConnection(socket, server, sendMs));
    },
    lastAnswers(are) {
      server.lastAnswers = are;
      parsed.lastAnswers(are);
    },
    closeIdle() {
      server.closingIdle = true;
      for (const connection of connections) if (connection.isIdle) connection.destroy();
      parsed.closeIdle();
    },
    closeAll() {
      for (const connection of connections) connection.destroy();
      parsed.closeAll();
    },
    stop() {
      clearInterval(timer);
      parsed.stop();
    },
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
