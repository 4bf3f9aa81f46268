import { chmod, readdir, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AnyBoot } from "@kerf/call";
import type { HttpListener } from "@kerf/call/http";
import { type Clock, KerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";

/** File ending of the sockets at which gateways are asked for their port. */
const doorEnding = ".door";
/** How long another gateway may take to answer, milliseconds. */
const answerMs = 2_000;
/** How long, and how often, a port is tried that is being let go of. Milliseconds. */
const retry = { forMs: 1_000, everyMs: 5 };

/**
 * Passes a port from one copy of a gateway to the next, so that a new one is there before the old one goes, and a new one that
 * fails changes nothing. The old one stops listening when it is asked, serves its connections on, and listens again when the
 * new one ends before it was told to stop itself. Not by SO_REUSEPORT, which would let two apps share a port unnoticed and
 * loses what waits in the queue of the one that closes.
 */
export class PortHandover {
  readonly #boot: AnyBoot;
  readonly #log: Logger;
  readonly #clock: Clock;
  /** Owner-only folder of the sockets: that of the platform's, or the one that a boot document without a platform names. Without one nobody takes over. */
  readonly #directory: string | undefined;
  readonly #asking = new Set<Socket>();
  #predecessor: Socket | undefined;
  #door: Server | undefined;
  #over = false;

  constructor(boot: AnyBoot, log: Logger, clock: Clock) {
    this.#boot = boot;
    this.#log = log;
    this.#clock = clock;
    if (boot.platform === undefined) this.#directory = boot.handover;
    else if (boot.platform.address.startsWith("unix:"))
      this.#directory = dirname(boot.platform.address.slice(5));
  }

  /** Listens; takes the port over when an older copy of this gateway has it. @throws KerfError `start_failed` */
  async acquire(listen: () => Promise<HttpListener>): Promise<HttpListener> {
    let listener = await this.#tryListen(listen);
    if (listener instanceof KerfError) {
      const taken = listener;
      this.#predecessor = await this.#askForPort();
      if (this.#predecessor === undefined) throw taken;
      const until = this.#clock.now() + retry.forMs;
      while (listener instanceof KerfError) {
        if (this.#clock.now() > until) {
          this.close();
          throw taken;
        }
        await sleep(retry.everyMs);
        listener = await this.#tryListen(listen);
      }
      this.#log.info("took the port over from the copy before");
    }
    await this.#offer(listener);
    return listener;
  }

  /** Neither gives the port away nor takes it back any more. */
  close(): void {
    this.#over = true;
    this.#predecessor?.destroy();
    this.#door?.close();
    for (const socket of this.#asking) socket.destroy();
  }

  /** The listener, or the error of a port that is taken. */
  async #tryListen(listen: () => Promise<HttpListener>): Promise<HttpListener | KerfError> {
    try {
      return await listen();
    } catch (thrown) {
      const cause = (thrown as Error).cause as NodeJS.ErrnoException | undefined;
      if (thrown instanceof KerfError && cause?.code === "EADDRINUSE") return thrown;
      throw thrown;
    }
  }

  /** Asks every gateway of this platform for the port; the connection to the one that let go of it. */
  async #askForPort(): Promise<Socket | undefined> {
    if (this.#directory === undefined) return undefined;
    for (const name of await readdir(this.#directory)) {
      if (!name.endsWith(doorEnding)) continue;
      const path = join(this.#directory, name);
      const socket = connect(path);
      let abandoned = false;
      socket.once("error", ({ code }: NodeJS.ErrnoException) => {
        abandoned = code === "ECONNREFUSED";
      });
      const answer = await firstLine(socket, this.#claim(this.#boot.http?.port));
      if (answer === "yours") {
        socket.on("error", () => {}).on("data", () => {});
        socket.unref();
        return socket;
      }
      socket.destroy();
      // Left behind by a gateway that was killed.
      if (abandoned) await rm(path, { force: true });
    }
    return undefined;
  }

  async #offer(listener: HttpListener): Promise<void> {
    if (this.#directory === undefined) return;
    const path = join(this.#directory, this.#boot.instance + doorEnding);
    await rm(path, { force: true });
    this.#door = createServer((socket) => void this.#answer(socket, listener));
    this.#door.maxConnections = 8;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#door?.once("error", reject).listen(path, resolve);
      });
      await chmod(path, 0o600);
      this.#door.unref();
    } catch (error) {
      // It serves all the same; only its successor will find the port taken.
      this.#log.warn("this gateway cannot be asked for its port", { error });
    }
  }

  async #answer(socket: Socket, listener: HttpListener): Promise<void> {
    this.#asking.add(socket);
    socket.unref();
    const claim = await firstLine(socket);
    const granted = claim === this.#claim(listener.port) && !this.#over;
    socket
      .on("error", () => {})
      .once("close", () => {
        this.#asking.delete(socket);
        if (granted && !this.#over) void this.#takeBack(listener);
      });
    if (granted) {
      listener.pause();
      this.#log.info("let go of the port for the next copy");
    }
    if (socket.destroyed) return;
    socket.write(granted ? "yours\n" : "mine\n");
    if (!granted) socket.end();
  }

  /** The copy that took over ended, and nobody has told this one to stop: it is the one that serves. */
  async #takeBack(listener: HttpListener): Promise<void> {
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

  /** What a successor says: the same gateway, for the same port. */
  #claim(port: number | undefined): string {
    return `${this.#boot.app} ${this.#boot.unit} ${port}`;
  }
}

/** The first line that comes over `socket`, after `question` was sent; undefined when none comes. */
function firstLine(socket: Socket, question?: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const timer = setTimeout(() => settle(undefined), answerMs);
    const settle = (line: string | undefined): void => {
      clearTimeout(timer);
      socket.off("data", onData).off("error", onGone).off("close", onGone);
      resolve(line);
    };
    const onGone = (): void => settle(undefined);
    const onData = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      const end = text.indexOf("\n");
      if (end >= 0) settle(text.slice(0, end));
      else if (text.length > 1_024) settle(undefined);
    };
    socket.on("data", onData).on("error", onGone).on("close", onGone);
    if (question !== undefined) socket.write(`${question}\n`);
  });
}
