import {
  announcesBody,
  defaultMaxBodyBytes,
  type ForeignRequest,
  type ForeignRoute,
  type Passed,
  splitTarget,
} from "@kerf/call/http";
import type { RouteSettings, RouteTarget } from "@kerf/service";
import type { AnswerCaches } from "../answer-cache/answer-caches.ts";
import type { RouteAnswerCache } from "../answer-cache/route-answer-cache.ts";
import { resourceOf } from "../answer-cache/shared-request.ts";
import { clientAddress, type AddressSet } from "../upstreams/client-address.ts";
import { EditedHeaders } from "../upstreams/edited-headers.ts";
import { forward, type Forwarding } from "../upstreams/forward.ts";
import type { Upstreams } from "../upstreams/registry.ts";
import { forwardGrpc } from "../upstreams/grpc/forward.ts";
import type { Fields } from "../upstreams/http1/fields.ts";
import { requestHead } from "../upstreams/request-head.ts";
import { responseHead } from "../upstreams/response-head.ts";
import type { Tunnels } from "../upstreams/tunnel.ts";
import type { ForeignUpstream, TrafficParts } from "../upstreams/upstream.ts";
import { MaintenanceMode } from "./maintenance-mode.ts";
import type { MirroredRequest, RouteMirror } from "./mirror.ts";
import { PathRewrite } from "./path-rewrite.ts";
import { literalsOf } from "./route-prefixes.ts";
import { Split } from "./split.ts";

/** Methods that change nothing (RFC 9110, 9.2.1). */
const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** What all routes of one configuration share. */
export interface RouteSurroundings {
  readonly upstreams: Upstreams;
  readonly trusted: AddressSet;
  readonly tunnels: Tunnels;
  readonly caches: AnswerCaches;
  /** The pseudonym in `Via`. */
  readonly via: string;
  readonly parts: TrafficParts;
}

/** A route of a gateway's settings, ready to pass requests on. */
export class DeclaredRoute implements ForeignRoute {
  readonly path: string;
  /** The one that requests must be for; undefined: any. */
  readonly host: string | undefined;
  readonly methods: readonly string[] | undefined;
  readonly access: "public" | "user";
  /** Segments of its literal prefix. */
  readonly literals: number;
  /** Whether it may send requests, or copies of them, to the services: then it decides before their own routes do. */
  readonly decides: boolean;
  readonly maintenance: MaintenanceMode | undefined;
  readonly #around: RouteSurroundings;
  readonly #split: Split;
  readonly #rewrite: PathRewrite;
  readonly #requestEdits: EditedHeaders | undefined;
  readonly #responseEdits: EditedHeaders | undefined;
  readonly #maxBodyBytes: number;
  readonly #mirror: RouteMirror | undefined;
  readonly #mirrorTo: RouteTarget | undefined;
  readonly #cache: RouteAnswerCache | undefined;

  /** @throws KerfError for header edits that would forge others */
  constructor(route: RouteSettings, mirror: RouteMirror | undefined, around: RouteSurroundings) {
    const { path, methods, access = "public", rewrite } = route;
    this.path = path;
    this.host = route.host;
    this.methods = methods;
    this.access = access;
    this.literals = literalsOf(path).length;
    this.maintenance =
      route.maintenance === undefined
        ? undefined
        : new MaintenanceMode(route.maintenance, around.trusted);
    this.#around = around;
    this.#split = new Split(route, around.parts.random);
    this.decides = this.#split.targets.includes("services") || route.mirror?.to === "services";
    this.#rewrite = new PathRewrite(path, rewrite);
    this.#requestEdits = rewrite?.request && new EditedHeaders(rewrite.request);
    this.#responseEdits = rewrite?.response && new EditedHeaders(rewrite.response);
    this.#maxBodyBytes = route.maxBodyBytes ?? defaultMaxBodyBytes;
    this.#mirror = mirror;
    this.#mirrorTo = route.mirror?.to;
    this.#cache = around.caches.of(route);
  }

  async pass(asked: ForeignRequest): Promise<Passed> {
    const { request, response, principal } = asked;
    const { tunnels, trusted, parts } = this.#around;
    const address = clientAddress(request, trusted);
    const { to, cookie } = this.#split.choose({ request, principal, address });
    const isTunnel = tunnels.has(request) && to !== "services";
    const mirrored = isTunnel ? undefined : this.#mirror?.begin(request.method ?? "");
    if (to === "services") {
      if (cookie !== undefined) response.appendHeader("set-cookie", cookie);
      if (mirrored === undefined) return {};
      // What the services are asked is theirs to read: a copy is made of requests without a body.
      this.#copy(mirrored, asked, null);
      // Gone before an answer, there is nothing to compare.
      response.once("close", () => mirrored.end(false));
      return { observe: mirrored.observe };
    }
    asked.admit();
    const upstream = this.#upstream(to.upstream);
    asked.upstream(upstream.name);
    const own: string[] = [];
    for (const name in asked.headers) own.push(name, asked.headers[name] as string);
    if (cookie !== undefined) own.push("set-cookie", cookie);
    const { target, head: plain } = this.#outgoing(asked, upstream);
    const answerHead = (status: number, fields: Fields, from: URL): string[] => {
      const head = responseHead(status, fields, {
        edits: this.#responseEdits,
        location: (location) => this.#rewrite.back(location, from),
        own,
      });
      // Set before, such as a session's cookie that was renewed: a head that is written whole would take its place.
      const cookies = [response.getHeader("set-cookie") ?? []].flat();
      response.removeHeader("set-cookie");
      for (const one of cookies) head.push("set-cookie", String(one));
      // An answer that comes before the request is read: what follows of it must not be taken for the next one.
      if (!request.complete && announcesBody(request) && status !== 101)
        head.push("connection", "close");
      return head;
    };
    if (this.#cache !== undefined) {
      const answered = await this.#cache.answer({
        request,
        response,
        upstream,
        target,
        head: plain,
        user: principal && JSON.stringify([principal.subject, principal.claims]),
        via: this.#around.via,
        edited: (head) => this.#requestEdits?.apply(head) ?? head,
        answerHead,
      });
      if (answered) return true;
    }
    const changes = !safeMethods.has(request.method ?? "");
    let copied = false;
    const forwarding: Forwarding = {
      upstream,
      request,
      response,
      target,
      head: this.#requestEdits?.apply(plain) ?? plain,
      maxBodyBytes: this.#maxBodyBytes,
      answerHead: (status, fields, from) => {
        // RFC 9111, 4.4: what was changed is asked for anew.
        if (changes && status < 400) this.#around.caches.forget(resourceOf(upstream.name, target));
        return answerHead(status, fields, from);
      },
      observer: mirrored,
      onBody: (body) => {
        if (mirrored === undefined) return;
        copied = true;
        this.#copy(mirrored, asked, body);
      },
    };
    try {
      if (upstream.settings.protocol === "grpc") await forwardGrpc(forwarding, parts);
      else if (isTunnel) await tunnels.run(forwarding, parts);
      else await forward(forwarding, parts);
    } finally {
      // A body that is too large to keep was not copied.
      if (mirrored !== undefined && !copied) mirrored.drop();
    }
    return true;
  }

  #copy(mirrored: MirroredRequest, asked: ForeignRequest, body: Buffer | null): void {
    const to = this.#mirrorTo as RouteTarget;
    if (to === "services") return mirrored.askServices(() => asked.services());
    const upstream = this.#upstream(to.upstream);
    const method = asked.request.method ?? "GET";
    const { target, head } = this.#outgoing(asked, upstream);
    mirrored.askUpstream(
      { upstream, method, target, head: this.#requestEdits?.apply(head) ?? head },
      body,
    );
  }

  /** The request's target and head for an upstream; the edits of the route come on top. */
  #outgoing(
    { request, trace }: ForeignRequest,
    upstream: ForeignUpstream,
  ): { target: string; head: string[] } {
    const { trusted, via } = this.#around;
    const { path, query } = splitTarget(request.url ?? "/");
    const { host } = upstream.settings;
    return {
      target: this.#rewrite.forth(path, query),
      head: requestHead(request, { trusted, via, host, edits: undefined, trace }),
    };
  }

  #upstream(name: string): ForeignUpstream {
    return this.#around.upstreams.get(name) as ForeignUpstream;
  }
}
