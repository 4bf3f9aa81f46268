import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type EndpointSlice, serviceLabel } from "../endpoint-slices.ts";

interface Past {
  readonly version: number;
  readonly type: string;
  readonly object: EndpointSlice;
}

/**
 * The part of a Kubernetes API that concerns EndpointSlices, as its documentation says: lists in pages, watches from a resource version with
 * bookmarks, 410 for what is forgotten, 401 for another token.
 */
export class KubernetesApiDouble {
  token = "first-token";
  /** Slices of one page at most, whatever is asked for. */
  page = 1;
  /** Answers 500 to everything. */
  broken = false;
  readonly requests: URL[] = [];
  readonly #server: Server;
  readonly #slices = new Map<string, EndpointSlice>();
  readonly #watches = new Set<ServerResponse>();
  #past: Past[] = [];
  #version = 1;
  #oldest = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request, response) => this.#answer(request, response));
  }

  static async start(): Promise<KubernetesApiDouble> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new KubernetesApiDouble(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  put(slice: EndpointSlice): void {
    const { name } = slice.metadata;
    this.#happen(this.#slices.has(name) ? "MODIFIED" : "ADDED", slice);
  }

  remove(name: string): void {
    const slice = this.#slices.get(name);
    if (slice !== undefined) this.#happen("DELETED", slice);
  }

  /** Tells watches how far they are without an event for them. */
  bookmark(): void {
    this.#version++;
    const metadata = { resourceVersion: String(this.#version) };
    for (const watch of this.#watches) line(watch, { type: "BOOKMARK", object: { metadata } });
  }

  /** Forgets what has happened so far, as etcd's compaction does. */
  compact(): void {
    this.#oldest = this.#version;
    this.#past = [];
  }

  /** Breaks every watch off. */
  breakWatches(): void {
    for (const watch of this.#watches) watch.destroy();
    this.#watches.clear();
  }

  /** Ends every watch in order, after everything that was said in it. */
  endWatches(): void {
    for (const watch of this.#watches) watch.end();
    this.#watches.clear();
  }

  /** Ends every watch with the error that says its place is forgotten. */
  expireWatches(): void {
    for (const watch of this.#watches) {
      const object = {
        kind: "Status",
        code: 410,
        reason: "Expired",
        message: "too old resource version",
      };
      line(watch, { type: "ERROR", object });
      watch.end();
    }
    this.#watches.clear();
  }

  /** Resolves once so many further requests have come. */
  async asked(count: number): Promise<void> {
    for (let n = 0; n < count; n++) await once(this.#server, "request");
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  #happen(type: string, slice: EndpointSlice): void {
    this.#version++;
    const metadata = { ...slice.metadata, resourceVersion: String(this.#version) };
    const object = { ...slice, metadata };
    if (type === "DELETED") this.#slices.delete(metadata.name);
    else this.#slices.set(metadata.name, object);
    this.#past.push({ version: this.#version, type, object });
    for (const watch of this.#watches) line(watch, { type, object });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", this.url);
    this.requests.push(url);
    const query = url.searchParams;
    if (this.broken) return refuse(response, 500, "etcdserver: leader changed");
    if (request.headers.authorization !== `Bearer ${this.token}`)
      return refuse(response, 401, "Unauthorized");
    if (!url.pathname.endsWith("/namespaces/shop/endpointslices"))
      return refuse(response, 404, "not found");
    if (!(query.get("labelSelector") ?? "").startsWith(`${serviceLabel} in (`))
      return refuse(response, 400, "unable to parse requirement");
    if (query.get("watch") === "1")
      return this.#watch(Number(query.get("resourceVersion")), response);
    const all = [...this.#slices.values()];
    const from = Number(query.get("continue") ?? 0);
    const items = all.slice(from, from + this.page);
    const rest = from + this.page < all.length ? { continue: String(from + this.page) } : {};
    const metadata = { resourceVersion: String(this.#version), ...rest };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ kind: "EndpointSliceList", metadata, items }));
  }

  #watch(from: number, response: ServerResponse): void {
    if (from < this.#oldest) return refuse(response, 410, "too old resource version");
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    for (const { version, type, object } of this.#past)
      if (version > from) line(response, { type, object });
    this.#watches.add(response);
    response.on("close", () => this.#watches.delete(response));
  }
}

function refuse(response: ServerResponse, code: number, message: string): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify({ kind: "Status", status: "Failure", code, message }));
}

function line(response: ServerResponse, event: object): void {
  response.write(`${JSON.stringify(event)}\n`);
}
