import { request } from "node:http";
import { Duplex } from "node:stream";
import { MalformedResponse, ResponseParser } from "@kerf/proxy";
import { BrokenPromise, type Target } from "./target.ts";

/** What a response came to: why it is refused, or its status, body and whether it is complete. */
interface Outcome {
  readonly refused?: string;
  readonly status?: number;
  readonly body: string;
  readonly complete: boolean;
  /** Whether bytes follow it. */
  readonly more: boolean;
}

function read(input: Buffer, step: number): Outcome {
  let status: number | undefined;
  let complete = false;
  let more = false;
  const pieces: Buffer[] = [];
  const parser = new ResponseParser({
    onInterim() {},
    onHead: (head) => (status = head.status),
    onBody: (bytes) => pieces.push(Buffer.from(bytes)),
    onEnd: () => (complete = true),
  });
  parser.begin("GET");
  let refused: string | undefined;
  try {
    for (let at = 0; at < input.length && !more; at += step)
      more = !parser.isReading || !parser.push(input.subarray(at, at + step));
    parser.close();
  } catch (error) {
    if (!(error instanceof MalformedResponse)) throw error;
    refused = error.code;
  }
  const body = Buffer.concat(pieces).toString("latin1");
  if (refused !== undefined) return { refused, body: "", complete: false, more: false };
  return { ...(status === undefined ? {} : { status }), body, complete, more };
}

/** What Node's own parser makes of it; undefined when it refuses. */
function readByNode(input: Buffer): Promise<{ status: number; body: string } | undefined> {
  return new Promise((resolve) => {
    // Answers once it was asked, as a server does.
    const wire = new Duplex({
      read() {},
      write(_bytes, _encoding, done) {
        this.push(input);
        this.push(null);
        done();
      },
    });
    const outgoing = request({ createConnection: () => wire, host: "fuzzed.test" });
    outgoing.on("error", () => resolve(undefined));
    outgoing.on("response", (answer) => {
      const pieces: Buffer[] = [];
      answer.on("data", (bytes: Buffer) => pieces.push(bytes));
      answer.on("error", () => resolve(undefined));
      answer.on("end", () =>
        resolve({
          status: answer.statusCode ?? 0,
          body: Buffer.concat(pieces).toString("latin1"),
        }),
      );
    });
    outgoing.end();
  });
}

const seeds = [
  "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\na: b\r\n\r\n",
  "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\nset-cookie: a\r\nSet-Cookie:b\r\n\r\nuntil the end",
  "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\nkeep-alive: timeout=5\r\n\r\n",
  "HTTP/1.1 304\r\ncontent-length: 7\r\n\r\n",
];

/** The answers of foreign programs: cut anywhere they are the same, and what is taken for one is one to Node's own parser too. */
export const responses: Target = {
  name: "http1-responses",
  seeds: seeds.map((text) => Buffer.from(text, "latin1")),
  words: [
    "content-length: 5\r\n",
    "transfer-encoding: chunked\r\n",
    "connection: close\r\n",
    "\r\n\r\n",
    "\r\n",
    "\n",
    "\r",
    " ",
    "	",
    ":",
    ",",
    ";",
    "0\r\n\r\n",
    "a\r\n",
    "\0",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 ",
    "100 Continue\r\n\r\n",
    "ffffffffffffff",
    "+5",
    "0x5",
  ],
  async run(input) {
    const found = read(input, input.length + 1);
    for (const step of [1, 7]) {
      const again = read(input, step);
      if (JSON.stringify(again) !== JSON.stringify(found))
        throw new BrokenPromise(
          `In pieces of ${step} it is ${JSON.stringify(again)}, not ${JSON.stringify(found)}.`,
        );
    }
    if (found.refused !== undefined) return found.refused;
    if (!found.complete) return "incomplete";
    // What follows an answer is judged by nobody: its connection is closed.
    const kind = Math.floor((found.status ?? 0) / 100);
    if (found.more) return `${kind} with more`;
    const theirs = await readByNode(input);
    if (theirs === undefined || theirs.status !== found.status || theirs.body !== found.body)
      throw new BrokenPromise(
        `Node reads ${JSON.stringify(theirs)} where ours reads ${JSON.stringify(found)}.`,
      );
    return `${kind} with ${found.body.length > 0 ? "a body" : "none"}`;
  },
};
