import type { Socket } from "node:net";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AnyBoot } from "@kerf/call";
import { type HttpListener, portTaken, sharesPorts } from "@kerf/call/http";
import { type Clock, KerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { Doors } from "./doors.ts";
import { withPortLock } from "./port-lock.ts";
import { takenBy } from "./taken-by.ts";

/** How long, and how often, a port is tried that is being let go of. Milliseconds. */
const retry = { forMs: 1_000, everyMs: 5 };

/** Listens on the gateway's ports; with `reusePort` beside others that do so too. @throws KerfError `start_failed` */
export type Listen = (how: { readonly reusePort: boolean }) => Promise<HttpListener>;

/** What a gateway's port is had with. */
export interface GatewayPortOptions {
  readonly boot: AnyBoot;
  readonly log: Logger;
  readonly clock: Clock;
  /** Whether copies listen side by side. Default: where the system can. */
  readonly shares?: boolean;
}

/**
 * The port of a gateway among its copies. Where the system can, they listen side by side, and a new one only when whoever listens there already says that he is a
 * copy of the same gateway of the same app: the system itself would let any program of this user in, unnoticed. Where it cannot, and when the one before
 * listens alone (an older version of us), the new copy takes the port over: the old one stops listening when it is asked, serves its connections on, and
 * listens again when the new one ends before it was told to stop itself.
 */
export class GatewayPort {
  readonly #boot: AnyBoot;
  readonly #log: Logger;
  readonly #clock: Clock;
  /** None when there is no platform or it is reached over TCP: then nobody can be asked, and a port is one copy's. */
  readonly #doors: Doors | undefined;
  readonly #shares: boolean;
  readonly #asking = new Set<Socket>();
  #predecessor: Socket | undefined;
  #over = false;

  constructor({ boot, clock, log, shares = sharesPorts }: GatewayPortOptions) {
    this.#boot = boot;
    this.#log = log;
    this.#clock = clock;
    const address = boot.platform?.address;
    const directory = address?.startsWith("unix:") === true ? dirname(address.slice(5)) : undefined;
    this.#doors = directory === undefined ? undefined : new Doors(directory, boot.instance);
    this.#shares = shares && directory !== undefined;
  }

  /** Listens, beside other copies of this gateway or in the place of the one before. `ports`: all that `listen` listens on. @throws KerfError `start_failed` */
  async acquire(ports: readonly number[], listen: Listen): Promise<HttpListener> {
    let listener = await this.#tryListen(ports, listen);
    if (listener instanceof KerfError) {
      const taken = listener;
      const { port } = this.#http;
      this.#predecessor = await this.#doors?.firstToAnswer(this.#claim(port), "yours");
      if (this.#predecessor === undefined) throw taken;
      const until = this.#clock.now() + retry.forMs;
      while (listener instanceof KerfError) {
        if (this.#clock.now() > until) {
          this.retire();
          throw taken;
        }
        await sleep(retry.everyMs);
        listener = await this.#tryListen(ports, listen);
      }
      this.#log.info("took the port over from the copy before");
    }
    await this.#open(listener, ports);
    return listener;
  }

  /** Neither gives the port away nor takes it back any more; still says whose it is, as long as it listens. */
  retire(): void {
    this.#over = true;
    this.#predecessor?.destroy();
    for (const socket of this.#asking) socket.destroy();
  }

  close(): void {
    this.retire();
    this.#doors?.close();
  }

  get #http(): { readonly host: string; readonly port: number } {
    return this.#boot.http ?? { host: "", port: 0 };
  }

  /** The listener, or the error of a port that is taken. */
  async #tryListen(ports: readonly number[], listen: Listen): Promise<HttpListener | KerfError> {
    try {
      if (!this.#shares) return await listen({ reusePort: false });
      return await withPortLock(async () => {
        for (const port of ports) await this.#assertOurs(port);
        return listen({ reusePort: true });
      });
    } catch (thrown) {
      const cause = (thrown as Error).cause as NodeJS.ErrnoException | undefined;
      if (thrown instanceof KerfError && cause?.code === "EADDRINUSE") return thrown;
      throw thrown;
    }
  }

  /** Throws `start_failed` when somebody else than a copy of this gateway has the port. */
  async #assertOurs(port: number): Promise<void> {
    // The system finds one that nobody has.
    if (port === 0) return;
    const { host } = this.#http;
    const cause = await takenBy(host, port);
    if (cause === undefined) return;
    if ((await this.#doors?.anyAnswers(`beside ${this.#claim(port)}`, "ours")) === true) return;
    throw await portTaken(host, port, cause);
  }

  async #open(listener: HttpListener, ports: readonly number[]): Promise<void> {
    const all = new Set(ports.map((port) => (port === 0 ? listener.port : port)));
    const shared = new Set([...all].map((port) => `beside ${this.#claim(port)}`));
    try {
      await this.#doors?.open((question, socket) => {
        if (question !== undefined && shared.has(question)) {
          const isOurs = this.#shares && listener.isListening;
          socket.end(isOurs ? "ours\n" : "not here\n");
        } else void this.#answer(question, socket, listener);
      });
    } catch (error) {
      // It serves all the same; only another copy will find the port taken.
      this.#log.warn("this gateway cannot be asked for its port", { error });
    }
  }

  /** Lets go of the port when a copy of this gateway asks for it. */
  async #answer(
    question: string | undefined,
    socket: Socket,
    listener: HttpListener,
  ): Promise<void> {
    this.#asking.add(socket);
    const granted = question === this.#claim(listener.port) && !this.#over;
    const paused = granted ? listener.pause() : undefined;
    socket.once("close", () => {
      this.#asking.delete(socket);
      if (granted && !this.#over) void this.#takeBack(listener, paused);
    });
    await paused;
    if (granted) this.#log.info("let go of the port for the next copy");
    if (socket.destroyed) return;
    socket.write(granted ? "yours\n" : "mine\n");
    if (!granted) socket.end();
  }

  /** The copy that took over ended, and nobody has told this one to stop: it is the one that serves. */
  async #takeBack(listener: HttpListener, paused: Promise<void> | undefined): Promise<void> {
    await paused;
    const until = this.#clock.now() + retry.forMs;
    for (;;) {
      try {
        await listener.resume();
        this.#log.warn("took the port back: the next copy ended early");
        return;
      } catch (error) {
        if (this.#clock.now() > until || this.#over) {
          this.#log.error("cannot take the port back", { error });
          return;
        }
        await sleep(retry.everyMs);
      }
    }
  }

  /** What another copy says: the same gateway, for the same port. */
  #claim(port: number): string {
    return `${this.#boot.app} ${this.#boot.unit} ${port}`;
  }
}
