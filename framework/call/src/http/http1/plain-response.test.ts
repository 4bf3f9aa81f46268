import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { nodeHttp } from "../node-http.ts";
import { listenHttp } from "../server.ts";

const http = nodeHttp();

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** An answer as a client sees it. */
interface Seen {
  readonly status: string;
  readonly hints: unknown[];
  /** Without the date, sorted. */
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
}

/** Answers as `listener` does, and `last` to one more request. */
function both(listener: Listener): Listener {
  return (request, response) =>
    request.url === "/last"
      ? void response.writeHead(200, { "content-length": 4 }).end("last")
      : listener(request, response);
}

/** What comes back from our answers. */
async function oursSays(t: TestContext, listener: Listener, method = "GET"): Promise<Seen> {
  const ours = await listenHttp({ handler: both(listener), host: "127.0.0.1", port: 0 });
  t.after(() => ours.close());
  return ask(t, ours.port, method);
}

/** What comes back from Node's own. */
async function theirsSays(t: TestContext, listener: Listener, method = "GET"): Promise<Seen> {
  const theirs = http.createServer({ keepAliveTimeout: 75_000 }, both(listener));
  theirs.listen(0, "127.0.0.1");
  t.after(() => theirs.close());
  await once(theirs, "listening");
  return ask(t, (theirs.address() as { port: number }).port, method);
}

/** Sends a request, and one more on its connection. */
async function ask(t: TestContext, port: number, method: string): Promise<Seen> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const hints: unknown[] = [];
  const send = async (path: string): Promise<[Seen, object]> => {
    const headers = { te: "trailers" };
    const request = http.request({ host: "127.0.0.1", port, path, method, agent, headers });
    request.on("information", ({ statusCode, headers: said }) => hints.push(statusCode, said));
    request.end();
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    const body = await text(answer);
    const { rawHeaders, rawTrailers, statusCode, statusMessage } = answer;
    const lines = rawHeaders.flatMap((name, i) =>
      i % 2 === 1 || name.toLowerCase() === "date"
        ? []
        : `${name.toLowerCase()}: ${rawHeaders[i + 1]}`,
    );
    const status = `${statusCode} ${statusMessage}`;
    const seen = { status, hints, fields: lines.toSorted(), body, trailers: rawTrailers };
    return [seen, request.socket as object];
  };
  const [seen, first] = await send("/");
  const [last, second] = await send("/last");
  assert.equal(last.body, method === "HEAD" ? "" : "last");
  assert.equal(first, second, "the connection stayed");
  return seen;
}

const answers: Record<string, Listener> = {
  "a whole body": (_request, response) =>
    void response.writeHead(200, { "content-length": 4 }).end("abcd"),
  "a body in pieces": (_request, response) => {
    response.writeHead(200, { "x-a": ["1", "2"] });
    response.write("ab");
    response.end("cd");
  },
  "a body in pieces whose length is known": (_request, response) => {
    response.writeHead(200, ["content-length", "4", "set-cookie", "a=1", "set-cookie", "b=2"]);
    response.write("ab");
    response.end("cd");
  },
  "trailers behind a body": (_request, response) => {
    response.writeHead(200, { trailer: "x-sum" });
    response.write("ab");
    response.addTrailers([["x-sum", "7"]] as never);
    response.end();
  },
  "trailers behind none": (_request, response) => {
    response.writeHead(200, { trailer: "x-sum" });
    response.addTrailers([["x-sum", "7"]] as never);
    response.end();
  },
  "no content": (_request, response) => void response.writeHead(204).end(),
  "not modified": (_request, response) => void response.writeHead(304, { etag: '"a"' }).end(),
  "fields that were set before, and said again": (_request, response) => {
    response.setHeader("X-A", "set");
    response.setHeader("x-b", "set");
    response.appendHeader("set-cookie", "a=1");
    response.appendHeader("set-cookie", "b=2");
    response.removeHeader("x-b");
    response.writeHead(200, "Fine", { "x-a": "said", "content-length": 0 }).end();
  },
  "a hint first": (_request, response) => {
    response.writeEarlyHints({ link: "</a>; rel=preload" });
    response.writeHead(200, { "content-length": 1 }).end("a");
  },
};

for (const [name, listener] of Object.entries(answers)) {
  test(`as Node writes it: ${name}`, async (t) => {
    assert.deepEqual(await oursSays(t, listener), await theirsSays(t, listener));
  });
}

for (const name of ["a whole body", "a body in pieces whose length is known", "no content"]) {
  test(`as Node writes it, to HEAD: ${name}`, async (t) => {
    const listener = answers[name] as Listener;
    assert.deepEqual(await oursSays(t, listener, "HEAD"), await theirsSays(t, listener, "HEAD"));
  });
}

test("what is no head is refused, and the next one is written as if it had not been", async (t) => {
  const ours = await oursSays(t, (_request, response) => {
    const wrong: (() => unknown)[] = [
      () => response.writeHead(200, { "content-length": 9, "x-a": "a\r\nb: c" }),
      () => response.writeHead(200, { "x a": "b" }),
      () => response.writeHead(200, "Fine\r\nx-a: b"),
      () => response.writeHead(99_999),
    ];
    for (const head of wrong) assert.throws(head);
    response.statusMessage = "";
    response.writeHead(200);
    response.write("ab");
    response.end("cd");
  });
  assert.equal(ours.body, "abcd");
  assert.deepEqual(
    ours.fields.filter((line) => !/^(?:connection|keep-alive)/.test(line)),
    ["transfer-encoding: chunked"],
  );
});

test("an answer that has left cannot end the next one", async (t) => {
  const ours = await oursSays(t, (_request, response) => {
    response.once("finish", () => setImmediate(() => response.destroy()));
    response.writeHead(200, { "content-length": 1 }).end("a");
  });
  assert.equal(ours.body, "a");
});
