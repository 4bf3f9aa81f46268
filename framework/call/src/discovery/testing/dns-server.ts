import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo } from "node:net";
import { type Answer, decode, encode } from "dns-packet";

/** A name server on loopback that answers what it is told to. */
export class DnsServer {
  /** Records by name; a name without any does not exist. */
  records = new Map<string, Answer[]>();
  /** Names that were asked for, in order. */
  readonly queries: string[] = [];
  /** Answers with SERVFAIL to everything. */
  broken = false;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (message, { port, address }) => {
      const { id, questions = [] } = decode(message);
      const { name = "", type = "A" } = questions[0] ?? {};
      this.queries.push(`${type} ${name}`);
      const known = this.records.get(name.toLowerCase());
      const answers = this.broken ? [] : (known ?? []).filter((record) => record.type === type);
      const code = this.broken ? 2 : known === undefined ? 3 : 0;
      // Recursion desired and available, and the response code in the last four bits.
      const flags = 0x0100 | 0x0080 | code;
      const answer = encode({
        type: "response",
        ...(id === undefined ? {} : { id }),
        flags,
        questions,
        answers,
      });
      socket.send(answer, port, address);
    });
  }

  static async start(): Promise<DnsServer> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new DnsServer(socket);
  }

  get address(): string {
    return `127.0.0.1:${(this.#socket.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, "close");
  }
}
