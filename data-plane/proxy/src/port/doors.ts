import { chmod, readdir, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { firstLine } from "./first-line.ts";

/** File ending of the sockets at which copies of gateways are asked for their port. */
const doorEnding = ".door";
/** Who asks at the same time: a roll starts four copies at once, and each asks twice at most. */
const maxAsking = 16;

/** The Unix sockets at which the gateways of one platform ask each other, one for each copy, in a folder that only their user may open. */
export class Doors {
  readonly #directory: string;
  readonly #own: string;
  #server: Server | undefined;

  constructor(directory: string, instance: string) {
    this.#directory = directory;
    this.#own = join(directory, instance + doorEnding);
  }

  /** Whether any other copy answers so. All are asked at once: one that hangs holds up nobody whom another one answers. */
  async anyAnswers(question: string, answer: string): Promise<boolean> {
    const asked = (await this.#others()).map(async (path) => {
      const socket = await this.#ask(path, question, answer);
      socket?.destroy();
      if (socket === undefined) throw new Error("another answer, or none");
    });
    return Promise.any(asked).then(
      () => true,
      () => false,
    );
  }

  /** The open connection to the first copy that answers so; they are asked one by one, since whoever answers has done something. */
  async firstToAnswer(question: string, answer: string): Promise<Socket | undefined> {
    for (const path of await this.#others()) {
      const socket = await this.#ask(path, question, answer);
      if (socket !== undefined) return socket;
    }
    return undefined;
  }

  /** Has questions answered from now on; each with its connection. @throws Error when there can be no such socket */
  async open(answer: (question: string | undefined, socket: Socket) => void): Promise<void> {
    await rm(this.#own, { force: true });
    const server = createServer((socket) => {
      socket.unref();
      socket.on("error", () => {});
      void firstLine(socket).then((question) => answer(question, socket));
    });
    this.#server = server;
    server.maxConnections = maxAsking;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(this.#own, resolve);
    });
    await chmod(this.#own, 0o600);
    server.unref();
  }

  close(): void {
    this.#server?.close();
  }

  async #others(): Promise<string[]> {
    const names = await readdir(this.#directory);
    return names
      .filter((name) => name.endsWith(doorEnding))
      .map((name) => join(this.#directory, name))
      .filter((path) => path !== this.#own);
  }

  async #ask(path: string, question: string, answer: string): Promise<Socket | undefined> {
    const socket = connect(path);
    let abandoned = false;
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      abandoned = code === "ECONNREFUSED";
    });
    if ((await firstLine(socket, question)) === answer) {
      socket.on("error", () => {}).on("data", () => {});
      socket.unref();
      return socket;
    }
    socket.destroy();
    // Left behind by a gateway that was killed.
    if (abandoned) await rm(path, { force: true });
    return undefined;
  }
}
