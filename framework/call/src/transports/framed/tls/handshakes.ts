import type { Socket } from "node:net";
import type { Clock, Timer } from "@kerf/kernel";

/**
 * The TLS handshakes that a server has under way: each bounded in time, all of them in number. One too many ends the oldest, since an honest one takes
 * milliseconds: a flood of connections that say nothing ends itself, and leaves room for those that speak.
 */
export class Handshakes {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #boundMs: number;
  readonly #pending = new Map<string, { readonly socket: Socket; readonly timer: Timer }>();

  constructor(options: { clock: Clock; most: number; boundMs: number }) {
    this.#clock = options.clock;
    this.#most = options.most;
    this.#boundMs = options.boundMs;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** A connection came; its handshake begins. */
  began(socket: Socket): void {
    const key = keyOf(socket);
    if (this.#pending.size >= this.#most) this.#end(this.#pending.keys().next().value as string);
    const timer = this.#clock.after(this.#boundMs, () => this.#end(key));
    this.#pending.set(key, { socket, timer });
    socket.once("close", () => {
      if (this.#pending.get(key)?.socket === socket) this.#forget(key);
    });
  }

  /** The handshake of this connection is done. */
  done(socket: Socket): void {
    this.#forget(keyOf(socket));
  }

  /** Ends all that are under way. */
  close(): void {
    for (const key of this.#pending.keys()) this.#end(key);
  }

  #end(key: string): void {
    this.#pending.get(key)?.socket.destroy();
    this.#forget(key);
  }

  #forget(key: string): void {
    this.#pending.get(key)?.timer.cancel();
    this.#pending.delete(key);
  }
}

// The encrypted socket and the one beneath it are two objects of one connection, which its other end names.
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
