import type { IncomingMessage, RequestListener } from "node:http";
import { duplexPair, Readable } from "node:stream";
import { nodeHttp } from "@kerf/call/http";

/** Of one connection, and for no other (RFC 9110, 7.6.1). */
const connectionHeaders = new Set([
  "connection",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Has a listener for Node's requests answer those of the Fetch standard: over a connection in memory, by Node's own server and client, so that what it sees is what it
 * sees of every client. Bodies are streamed in both directions; who leaves (`request.signal`) is gone for the listener as well.
 */
export function answerInMemory(listener: RequestListener): (request: Request) => Promise<Response> {
  const { createServer, request: ask } = nodeHttp();
  const server = createServer(listener);
  return (request) =>
    new Promise((resolve, reject) => {
      const [near, far] = duplexPair();
      // Who leaves takes the other end along: Node's pair does not.
      near.once("close", () => far.destroy());
      far.once("close", () => near.destroy());
      server.emit("connection", far);
      const { pathname, search, host } = new URL(request.url);
      const asking = ask({
        createConnection: () => near,
        method: request.method,
        path: pathname + search,
        headers: { ...headersOf(request), host: request.headers.get("host") ?? host },
        setHost: false,
        signal: request.signal,
      });
      asking.once("error", reject);
      asking.once("response", (answer) => resolve(responseOf(answer, request)));
      if (request.body === null) return void asking.end();
      Readable.fromWeb(request.body as Parameters<typeof Readable.fromWeb>[0])
        .once("error", (error) => asking.destroy(error))
        .pipe(asking);
    });
}

function headersOf({ headers }: Request): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => !connectionHeaders.has(name)));
}

function responseOf(answer: IncomingMessage, { method }: Request): Response {
  const headers = new Headers();
  for (let i = 0; i < answer.rawHeaders.length; i += 2) {
    const name = (answer.rawHeaders[i] as string).toLowerCase();
    if (!connectionHeaders.has(name)) headers.append(name, answer.rawHeaders[i + 1] as string);
  }
  const status = answer.statusCode ?? 500;
  const hasNone = method === "HEAD" || status === 204 || status === 304;
  if (hasNone) answer.resume();
  const body = hasNone ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>);
  return new Response(body, { status, headers });
}
