import type { ServerResponse } from "node:http";
import { BoundedCache } from "@kerf/call";
import { toKerfError } from "@kerf/kernel";
import type { RouteCache } from "@kerf/service";
import { left, type TrafficParts } from "../upstreams/upstream.ts";
import { Fetch, type Fetched, type FetchSurroundings } from "./fetch.ts";
import { ageMs, type KeptAnswer, leftMs } from "./kept-answer.ts";
import { KeptAnswers } from "./kept-answers.ts";
import type { RouteRequest } from "./route-request.ts";
import { isShareable, keyedHeaders, type SharedRequest, sharedRequest } from "./shared-request.ts";
import { isUnchanged, unchangedFields } from "./unchanged.ts";

/** How long it is remembered that an answer is not for everybody: until then nobody waits for what it turns out to be. */
const unkeptMs = 60_000;
/** How many of these are remembered. */
const maxUnkept = 10_000;
/** Requests that are known by more than this, characters, are passed by: what is remembered of each is its key. */
const maxKeyLength = 2_048;
/** How long a stale answer is given without asking again, after no new one was to be had. */
const restMs = 1_000;
/** nginx's and Varnish's are set by hand; these fit beside the 10 000 connections of a gateway. */
const defaults = { maxAnswers: 1_000, maxBytes: 33_554_432, maxAnswerBytes: 1_048_576 };

/** The answers that a route keeps for everybody, by RFC 9111 as a shared cache. */
export class RouteAnswerCache {
  readonly #settings: RouteCache;
  readonly #parts: TrafficParts;
  readonly #keyed: ReadonlySet<string>;
  readonly #kept: KeptAnswers;
  readonly #unkept = new BoundedCache<string, number>(maxUnkept);
  readonly #resting = new BoundedCache<string, number>(maxUnkept);
  /** Those that others may wait for. */
  readonly #shared = new Map<string, Fetch>();
  readonly #fetches = new Set<Fetch>();
  readonly #around: FetchSurroundings;
  /** Of bodies that are on their way. */
  #reserved = 0;

  constructor(settings: RouteCache, parts: TrafficParts) {
    const { maxAnswerBytes, maxAnswers, maxBytes } = { ...defaults, ...settings };
    this.#settings = settings;
    this.#parts = parts;
    this.#keyed = keyedHeaders(settings);
    this.#kept = new KeptAnswers(maxAnswers, maxBytes);
    this.#around = {
      parts,
      keyed: this.#keyed,
      maxAnswerBytes,
      reserve: (bytes) => {
        if (this.#reserved + bytes > maxBytes) return false;
        this.#reserved += bytes;
        return true;
      },
      released: (bytes) => void (this.#reserved -= bytes),
      store: (answer) => this.#kept.set(answer),
      unkept: ({ key }, withCredentials) => {
        this.#unkept.set(unkeptKey(key, withCredentials), parts.clock.now() + unkeptMs);
        // What one user was answered says nothing of what there is for everybody.
        if (!withCredentials) this.#kept.delete(key);
      },
    };
  }

  /**
   * Answers a request from what is kept, or with what is fetched for everybody; false when it has to be passed on as it came.
   * @throws KerfError when there is no answer, or the client was not sent all of it
   */
  async answer(asked: RouteRequest): Promise<boolean> {
    const { request, response, user } = asked;
    if (!isShareable(request, this.#settings)) return false;
    const authorization = request.headers.authorization;
    const withCredentials = authorization !== undefined || user !== undefined;
    const shared = sharedRequest(
      { ...asked, upstream: asked.upstream.name, authorization },
      this.#keyed,
    );
    if (shared.key.length > maxKeyLength) return false;
    const now = this.#parts.clock.now();
    const found = this.#kept.get(shared.key);
    const kept = withCredentials && found?.freshness.forAuthorized === false ? undefined : found;
    if (kept !== undefined && this.#isUsable(kept, now)) {
      this.#send(asked, kept, "hit");
      if (leftMs(kept, now) <= 0) this.#refresh(asked, shared, kept, withCredentials);
      return true;
    }
    // The head alone is not kept, and what is not for everybody is asked for by each for himself.
    if (request.method === "HEAD") return false;
    if (now < (this.#unkept.get(unkeptKey(shared.key, withCredentials)) ?? 0)) return false;
    const underWay = withCredentials ? undefined : this.#shared.get(shared.key);
    if (underWay !== undefined) {
      const answer = await underWay.kept;
      if (response.destroyed) throw left();
      if (answer !== undefined) this.#send(asked, answer, "fwd=miss; collapsed");
      return answer !== undefined;
    }
    const fetched = await this.#fetch(asked, shared, kept, withCredentials, response);
    if (fetched === "answered") return true;
    if (response.destroyed) throw left();
    if (fetched === "again") return false;
    this.#send(asked, fetched.answer, fetched.isStale ? "hit" : "fwd=stale; fwd-status=304");
    return true;
  }

  /** Something changed there: what is kept of it is old, and what is on its way may be. */
  forget(resource: string): void {
    this.#kept.forget(resource);
    for (const fetch of this.#fetches) {
      if (fetch.shared.resource !== resource) continue;
      fetch.isObsolete = true;
      if (this.#shared.get(fetch.shared.key) === fetch) this.#shared.delete(fetch.shared.key);
    }
  }

  /** Fresh, or stale in a way that its upstream allows. */
  #isUsable(kept: KeptAnswer, now: number): boolean {
    const overMs = -leftMs(kept, now);
    const { staleIfErrorMs, staleWhileRevalidateMs } = kept.freshness;
    if (overMs < staleWhileRevalidateMs) return true;
    return overMs < staleIfErrorMs && now < (this.#resting.get(kept.key) ?? 0);
  }

  /** Gets a new one for those who come later; nobody waits for it. */
  #refresh(
    asked: RouteRequest,
    shared: SharedRequest,
    kept: KeptAnswer,
    credentials: boolean,
  ): void {
    const { key } = shared;
    if (asked.request.method !== "GET" || this.#shared.has(key)) return;
    if (this.#parts.clock.now() < (this.#resting.get(key) ?? 0)) return;
    this.#fetch(asked, shared, kept, credentials, undefined).catch((error: unknown) => {
      this.#rest(key);
      this.#parts.log.warn("an answer that is kept could not be renewed", {
        upstream: asked.upstream.name,
        error: toKerfError(error),
      });
    });
  }

  async #fetch(
    asked: RouteRequest,
    shared: SharedRequest,
    old: KeptAnswer | undefined,
    withCredentials: boolean,
    client: ServerResponse | undefined,
  ): Promise<Fetched> {
    const { key } = shared;
    const mayBeStale =
      old !== undefined && -leftMs(old, this.#parts.clock.now()) < old.freshness.staleIfErrorMs;
    const fetch = new Fetch(
      this.#around,
      asked,
      shared,
      { answer: old, mayBeStale },
      {
        client,
        withCredentials,
      },
    );
    this.#fetches.add(fetch);
    // Whose credentials were shown with it, that answer may be for him alone.
    if (!withCredentials || client === undefined) this.#shared.set(key, fetch);
    // Until it is known what it brought, not until the client has it.
    const over = (): void => {
      this.#fetches.delete(fetch);
      if (this.#shared.get(key) === fetch) this.#shared.delete(key);
    };
    fetch.kept.then(over, over);
    const fetched = await fetch.run();
    if (typeof fetched === "object" && fetched.isStale) this.#rest(key);
    return fetched;
  }

  #rest(key: string): void {
    this.#resting.set(key, this.#parts.clock.now() + restMs);
  }

  #send(asked: RouteRequest, kept: KeptAnswer, how: string): void {
    const { request, response, via } = asked;
    const now = this.#parts.clock.now();
    const has = isUnchanged(request, kept.status, kept.fields);
    const head = asked.answerHead(
      kept.status,
      [
        ...(has ? unchangedFields(kept.fields) : kept.fields),
        "age",
        String(Math.floor(ageMs(kept, now) / 1_000)),
      ],
      kept.from,
    );
    const ttl = how === "hit" ? `; ttl=${Math.floor(leftMs(kept, now) / 1_000)}` : "";
    head.push("cache-status", `${via}; ${how}${ttl}`);
    if (has) return void response.writeHead(304, head).end();
    head.push("content-length", String(kept.body.length));
    response.writeHead(kept.status, head);
    response.end(request.method === "HEAD" ? undefined : kept.body);
  }
}

function unkeptKey(key: string, withCredentials: boolean): string {
  return withCredentials ? `with credentials ${key}` : `without ${key}`;
}
