import type { Server, Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { Clock } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { WorkloadIdentity } from "../../../identity/workload-identity.ts";
import type { FramedCounters } from "../counters.ts";
import { frameType } from "../frame.ts";
import { prefaceFor } from "../hello.ts";
import type { FramedLimits } from "../limits.ts";
import { Output, roomFor } from "../output.ts";
import { Handshakes } from "./handshakes.ts";
import { type ProvenPeer, provePeer } from "./prove-peer.ts";
import { RefusedPeers } from "./refused-peers.ts";
import { applicationProtocol, secureContextOptions } from "./secure-context.ts";

/** Milliseconds that whoever is refused gets to read why. */
const lingerMs = 500;

/** A server that has not begun to listen. */
export interface SecureServer {
  readonly server: Server;
  /** Ends handshakes that are under way. */
  endHandshakes(): void;
}

/**
 * A server behind mutual TLS: `accept` gets each connection whose other side has proven which unit of this environment it is. A renewed certificate is used for
 * new handshakes; what is connected goes on.
 */
export function createSecureServer(options: {
  identity: WorkloadIdentity;
  limits: FramedLimits;
  clock: Clock;
  log: Logger;
  counters: FramedCounters;
  accept: (socket: Socket, peer: ProvenPeer) => void;
}): SecureServer {
  const { identity, limits, clock, log } = options;
  const handshakes = new Handshakes({
    clock,
    most: limits.maxHandshakes,
    boundMs: limits.handshakeMs,
  });
  const refused = new RefusedPeers(options);
  const server = createServer(
    {
      ...secureContextOptions(identity),
      ALPNProtocols: [applicationProtocol],
      requestCert: true,
      // Checked in `provePeer`, so that the other side is told and the log says why.
      rejectUnauthorized: false,
    },
    (socket: TLSSocket) => {
      handshakes.done(socket);
      const peer = provePeer(socket, identity);
      if (typeof peer !== "string") return options.accept(socket, peer);
      refused.add(socket.remoteAddress, peer);
      refuse(socket, peer, clock);
    },
  );
  server.on("connection", (socket: Socket) => handshakes.began(socket));
  server.on("tlsClientError", (error, socket) => {
    refused.add(socket.remoteAddress, `The handshake failed: ${error.message}`);
    socket.destroy();
  });
  const forget = identity.onChange(() => {
    try {
      server.setSecureContext(secureContextOptions(identity));
    } catch (error) {
      log.error("A new certificate cannot be used; new connections are made with the old one.", {
        error,
      });
    }
  });
  server.once("close", forget);
  return { server, endHandshakes: () => handshakes.close() };
}

/** Says why, in the wire's own words, and hangs up. */
function refuse(socket: TLSSocket, why: string, clock: Clock): void {
  // Whatever becomes of a connection that is refused anyway.
  socket.on("error", () => {});
  // What it has sent is of no use, and unread it would keep both sides from ending.
  socket.resume();
  const output = new Output(socket, () => {});
  const text = `rejected: ${why}`;
  output.preface(prefaceFor());
  output.begin(frameType.close, 0, roomFor(text));
  output.text(text);
  output.end();
  output.flush();
  socket.end();
  clock.after(lingerMs, () => socket.destroy());
}
