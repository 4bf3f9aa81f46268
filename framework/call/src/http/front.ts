import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type Server as TlsServer, type TLSSocket } from "node:tls";
import { type NamedCertificate, ServerNames } from "./server-names.ts";

/** What every HTTP/2 client begins with (RFC 9113, 3.4); no HTTP/1 request does. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
/** Of TLS 1.2, what has forward secrecy and authenticated encryption (Mozilla's intermediate list); HTTP/2 forbids most others (RFC 9113, 9.2.2). */
const ciphers = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/** Who a server is towards its clients, all in PEM. */
export interface ServerTls {
  /** The certificate, and those between it and its authority. */
  readonly cert: string;
  readonly key: string;
  /** Further certificates, for clients that ask for their names. */
  readonly names?: readonly NamedCertificate[] | undefined;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  /** Ends the handshake of who asks for a name that none of `names` is for; else that gets `cert`. */
  readonly refuseUnknown?: boolean | undefined;
  /** Clients are asked for a certificate of one of these; one that has none is served all the same, */
  readonly clientAuthorities?: string | readonly string[] | undefined;
  /** unless this says that the handshake ends then. */
  readonly requireClients?: boolean | undefined;
}

/** What connections may speak. */
export interface FrontProtocols {
  /** Another object takes over with the next connection; connections that are open stay. Without it, clear text. */
  readonly tls?: ServerTls | undefined;
  /** HTTP/2 as well: by ALPN over TLS, by prior knowledge in clear text. */
  readonly http2?: boolean;
  /** Something else than HTTP: over TLS by the name that the handshake gives it (ALPN), in clear text by what it begins with. */
  readonly other?: OtherProtocol | undefined;
}

/** What is no HTTP on the same port. */
export interface OtherProtocol {
  readonly protocol: string;
  /** What whoever connects sends first; no HTTP/1 request begins so. */
  readonly begins: Buffer;
  /** Takes the connection; it is this one's to end. */
  accept(socket: Socket | TLSSocket): void;
}

/** What begins so in clear text goes to somebody else than HTTP/1. */
interface Known {
  readonly begins: Buffer;
  take(socket: Socket): void;
}

/** Finds out what a connection speaks, and hands it on. */
export class Front {
  readonly #protocols: () => FrontProtocols;
  readonly #handshakeMs: number;
  readonly #http1: (socket: Socket) => void;
  readonly #http2: (socket: Socket) => void;
  /** Connections of which it is not known yet what they speak, by who is at their other end. */
  readonly #undecided = new Map<string, Socket>();
  #tls: { readonly from: FrontProtocols; readonly server: TlsServer } | undefined;

  constructor(options: {
    protocols: () => FrontProtocols;
    /** Until it is known what a connection speaks, milliseconds. */
    handshakeMs: number;
    http1: (socket: Socket) => void;
    http2: (socket: Socket) => void;
  }) {
    this.#protocols = options.protocols;
    this.#handshakeMs = options.handshakeMs;
    this.#http1 = options.http1;
    this.#http2 = options.http2;
  }

  get isSecure(): boolean {
    return this.#protocols().tls !== undefined;
  }

  accept(socket: Socket): void {
    const { tls, http2 = false, other } = this.#protocols();
    if (tls !== undefined) {
      this.#wait(socket);
      // TLS ends both directions at once.
      socket.allowHalfOpen = false;
      this.#secure(tls, http2, other).emit("connection", socket);
      return;
    }
    const known: Known[] = [];
    if (http2) known.push({ begins: preface, take: (each) => this.#takeHttp2(each) });
    if (other !== undefined)
      known.push({ begins: other.begins, take: (each) => other.accept(each) });
    if (known.length > 0) this.#look(socket, known);
    else this.#http1(socket);
  }

  #takeHttp2(socket: Socket): void {
    socket.allowHalfOpen = false;
    this.#http2(socket);
  }

  /** Closes the connections that have not said what they speak. */
  closeAll(): void {
    for (const socket of this.#undecided.values()) socket.destroy();
  }

  #wait(socket: Socket): void {
    const peer = peerOf(socket);
    this.#undecided.set(peer, socket);
    socket.once("close", () => {
      if (this.#undecided.get(peer) === socket) this.#undecided.delete(peer);
    });
  }

  #secure(tls: ServerTls, http2: boolean, other: OtherProtocol | undefined): TlsServer {
    const known = this.#tls?.from;
    if (known?.tls === tls && known.http2 === http2 && known.other === other)
      return this.#tls?.server as TlsServer;
    const { cert, key, minVersion, names = [], refuseUnknown = false } = tls;
    const clientAuthorities = tls.clientAuthorities && [tls.clientAuthorities].flat();
    const shared = { minVersion, ciphers, honorCipherOrder: true };
    const named = new ServerNames(names, { ...shared, ca: clientAuthorities });
    // It never listens: it makes secure connections of those that are handed to it.
    const server = createServer({
      cert,
      key,
      ...shared,
      SNICallback: (name, use) => {
        const context = named.contextFor(name);
        use(context === undefined && refuseUnknown ? unknownName(name) : null, context);
      },
      ALPNProtocols: [
        ...(other === undefined ? [] : [other.protocol]),
        ...(http2 ? ["h2"] : []),
        "http/1.1",
      ],
      handshakeTimeout: this.#handshakeMs,
      noDelay: true,
      ...(clientAuthorities === undefined
        ? undefined
        : {
            requestCert: true,
            rejectUnauthorized: tls.requireClients === true,
            ca: clientAuthorities,
            // A session that is resumed shows no chain of certificates.
            secureOptions: constants.SSL_OP_NO_TICKET,
          }),
    });
    // Handshakes that fail or take too long: Node leaves the connection open.
    server.on("tlsClientError", (_error, socket) => void socket.destroy());
    server.on("secureConnection", (socket: TLSSocket) => {
      // It is another object than the connection beneath it.
      this.#undecided.delete(peerOf(socket));
      if (other !== undefined && socket.alpnProtocol === other.protocol) other.accept(socket);
      else if (socket.alpnProtocol === "h2") this.#http2(socket);
      else this.#http1(socket);
    });
    this.#tls = { from: { tls, http2, other }, server };
    return server;
  }

  /** Reads as much as tells what is known from HTTP/1, and puts it back. */
  #look(socket: Socket, known: readonly Known[]): void {
    this.#wait(socket);
    let seen: Buffer = Buffer.alloc(0);
    const onGone = (): void => void socket.destroy();
    const onReadable = (): void => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read())
        seen = Buffer.concat([seen, chunk as Buffer]);
      const found = known.find(({ begins }) => startsWith(seen, begins));
      if (found === undefined && known.some(({ begins }) => startsWith(begins, seen))) return;
      decide(found);
    };
    const decide = (found: Known | undefined): void => {
      socket.off("readable", onReadable).off("error", onGone).off("end", onGone);
      socket.setTimeout(0, onGone).off("timeout", onGone);
      this.#undecided.delete(peerOf(socket));
      socket.unshift(seen);
      if (found === undefined) this.#http1(socket);
      else found.take(socket);
    };
    socket.setTimeout(this.#handshakeMs, onGone);
    socket.on("readable", onReadable).on("error", onGone).on("end", onGone);
  }
}

function startsWith(bytes: Buffer, begins: Buffer): boolean {
  return bytes.length >= begins.length && bytes.subarray(0, begins.length).equals(begins);
}

function unknownName(name: string): Error {
  return new Error(`No certificate is for ${JSON.stringify(name)}.`);
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
