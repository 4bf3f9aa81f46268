import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { KerfError } from "@kerf/kernel";
import type { RedisSocket } from "./redis-place.ts";
import { readReply, type Reply } from "./reply.ts";

/** How long a connection or an answer may take, milliseconds. */
const answerMs = 5_000;
/** Between two questions on a connection that is held, milliseconds: below what servers and balancers take for idle. */
const holdMs = 30_000;
/** Longest answer, bytes: what INFO says is a few kilobytes. */
const longestReply = 1_048_576;

/** Where a server is, and who we are to it. */
export interface RedisLogin {
  readonly socket: RedisSocket;
  readonly username: string;
  readonly password: string | undefined;
}

interface Waiting {
  settle(reply: Reply): void;
  fail(error: KerfError): void;
  readonly timer: NodeJS.Timeout;
}

/**
 * A connection for the few commands by which a server is shared out: one after another, each answered within its bound. What services store goes by clients of their own.
 */
export class RedisConnection {
  /** Resolves when it has ended, however it did. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #received = Buffer.alloc(0);
  #error: KerfError | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#end(away("it closed the connection"));
        resolve();
      });
    });
    socket.on("error", (cause) => this.#end(away(cause.message, cause)));
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
  }

  /** Connects and logs in. Throws `unavailable`, or `forbidden` when the server does not take the password. */
  static async open({ password, socket: place, username }: RedisLogin): Promise<RedisConnection> {
    const socket = await connected(place);
    const connection = new RedisConnection(socket);
    try {
      if (password !== undefined) await connection.command("AUTH", username, password);
      await connection.command("PING");
    } catch (thrown) {
      connection.close();
      throw thrown;
    }
    return connection;
  }

  /** Sends a command and answers its reply. Throws `forbidden`, `not_ready` while the server loads its data, or `unavailable`; the server's words are the `why`, its error's name is `data.error`. */
  command(...parts: readonly string[]): Promise<Reply> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const encoded = parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
    const { promise, reject, resolve } = Promise.withResolvers<Reply>();
    const timer = setTimeout(
      () => this.#end(away(`it did not answer within ${answerMs / 1_000} s`)),
      answerMs,
    );
    this.#waiting.push({ settle: resolve, fail: reject, timer });
    this.#socket.write(`*${parts.length}\r\n${encoded.join("")}`);
    return promise;
  }

  /** Keeps it open while nothing is asked: servers close what is idle, and a machine that is gone says nothing. Lets no process wait for it. */
  hold(): void {
    this.#socket.unref();
    // What fails ends it, which is what is to be known.
    const timer = setInterval(() => void this.command("PING").catch(() => {}), holdMs).unref();
    void this.closed.then(() => clearInterval(timer));
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (this.#received.length > longestReply) {
      this.#end(away("its answer is longer than any that was asked for"));
      return;
    }
    for (;;) {
      const read = readReply(this.#received, 0);
      if (read === undefined) return;
      this.#received = this.#received.subarray(read.end);
      const waiting = this.#waiting.shift();
      if (waiting === undefined) continue;
      clearTimeout(waiting.timer);
      if (read.reply instanceof KerfError) waiting.fail(read.reply);
      else waiting.settle(read.reply);
    }
  }

  #end(error: KerfError): void {
    this.#error ??= error;
    for (const waiting of this.#waiting.splice(0)) {
      clearTimeout(waiting.timer);
      waiting.fail(this.#error);
    }
    this.#socket.destroy();
  }
}

function connected(place: RedisSocket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const isTls = place.tls;
    const socket = place.tls
      ? connectTls({ ...place, servername: place.host })
      : connectPlain({ ...place });
    const fail = (cause: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(away(cause.message, cause));
    };
    const timer = setTimeout(
      () => fail(new Error(`nobody answered within ${answerMs / 1_000} s`)),
      answerMs,
    );
    socket.once("error", fail);
    socket.once(isTls ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      socket.off("error", fail);
      resolve(socket);
    });
  });
}

function away(why: string, cause?: Error): KerfError {
  return new KerfError("unavailable", {
    message: "Redis does not answer.",
    why,
    fix: "See that it runs and can be reached from here.",
    cause,
  });
}
