import { isDeepStrictEqual } from "node:util";
import { createServer, type IncomingMessage, request } from "node:http";
import { Duplex } from "node:stream";
import { framingFault, readPlainHead } from "@kerf/call/http";
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

/** A request as somebody reads it. */
interface ReadRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** The request that Node's own strict parser makes of it; a text that says why when it is none, or not one that is read in one way. */
function requestByNode(input: Buffer): Promise<ReadRequest | string> {
  return new Promise((resolve) => {
    const server = createServer({ insecureHTTPParser: false, requireHostHeader: false });
    const wire = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() });
    const onRequest = (message: IncomingMessage): void => {
      const pieces: Buffer[] = [];
      message.on("data", (bytes: Buffer) => pieces.push(bytes));
      message.on("error", (error) => resolve(error.message));
      message.on("end", () => {
        const fault = framingFault(message);
        if (fault !== undefined) return resolve(fault);
        const { method = "", url = "", headers, rawHeaders } = message;
        const body = Buffer.concat(pieces).toString("latin1");
        resolve({ method, url, headers, rawHeaders, body });
      });
    };
    server.on("request", onRequest).on("checkContinue", onRequest).on("upgrade", onRequest);
    server.on("clientError", (error) => resolve(error.message));
    server.emit("connection", wire);
    wire.push(input);
    // Without an answer to it, what is behind a request stays where it is.
    wire.push(null);
    wire.on("end", () => setImmediate(() => resolve("no request")));
  });
}

const requestSeeds = [
  "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
  'POST /a?b=c HTTP/1.1\r\nHost: a.example:8080\r\nContent-Type: application/json\r\nContent-Length: 7\r\nConnection: keep-alive\r\n\r\n{"a":1}',
  "DELETE /a/b HTTP/1.1\r\nhost: [::1]:3\r\nauthorization: Bearer a.b.c\r\naccept: */*\r\ncookie: a=b\r\nx-empty:\r\n\r\nGET / HTTP/1.1\r\nhost: b\r\n\r\n",
];

/** Requests that are read without Node's parser: each is exactly one to that parser too, and the same. */
export const plainRequests: Target = {
  name: "http1-plain-requests",
  seeds: requestSeeds.map((text) => Buffer.from(text, "latin1")),
  words: [
    "content-length: 5\r\n",
    "content-length:05\r\n",
    "transfer-encoding: chunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "connection: close\r\n",
    "connection: upgrade\r\n",
    "upgrade: websocket\r\n",
    "expect: 100-continue\r\n",
    "host: b\r\n",
    "__proto__: a\r\n",
    "\r\n\r\n",
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    ":",
    ",",
    "#",
    "%00",
    "\0",
    "\x7f",
    "\xff",
    " HTTP/1.1\r\n",
    "HTTP/1.0",
    "http://a/",
    "OPTIONS *",
    "CONNECT a:1",
  ],
  async run(input) {
    const head = readPlainHead(input, 0);
    if (head === undefined) return "left to Node";
    const { method, url, headers, rawHeaders, bodyAt, end } = head;
    const body = input.toString("latin1", bodyAt, end);
    const found: ReadRequest = { method, url, headers: { ...headers }, rawHeaders, body };
    const theirs = await requestByNode(input.subarray(0, end));
    const same = typeof theirs !== "string" && { ...theirs, headers: { ...theirs.headers } };
    if (!isDeepStrictEqual(same, found))
      throw new BrokenPromise(
        `Node reads ${JSON.stringify(theirs)} where ours reads ${JSON.stringify(found)}.`,
      );
    return `${method} with ${body.length > 0 ? "a body" : "none"}${end < input.length ? " and more" : ""}`;
  },
};
