import type { ServerResponse } from "node:http";
import { KerfError, toKerfError } from "@kerf/kernel";
import type { AnswerSink } from "../upstreams/answer-sink.ts";
import { forward, type Forwarding } from "../upstreams/forward.ts";
import { type Fields, fieldOf } from "../upstreams/http1/fields.ts";
import type { TrafficParts } from "../upstreams/upstream.ts";
import { type Fate, Fill, type FillOwner } from "./fill.ts";
import { freshnessOf } from "./freshness.ts";
import { type KeptAnswer, keptAnswer, refreshedFields } from "./kept-answer.ts";
import type { RouteRequest } from "./route-request.ts";
import type { SharedRequest } from "./shared-request.ts";
import { isSameTag, isUnchanged, unchangedFields } from "./unchanged.ts";

/** How a fetch ended for the client that asked. */
export type Fetched =
  /** He was sent the answer. */
  | "answered"
  /** He was sent nothing: the answer is not for everybody, and he has to ask in his own words. */
  | "again"
  /** He was sent nothing, and gets this one: it is valid yet, or better than none. */
  | { readonly answer: KeptAnswer; readonly isStale: boolean };

/** What a fetch is given by its cache. */
export interface FetchSurroundings {
  readonly parts: TrafficParts;
  /** Names of headers that the upstream was given. */
  readonly keyed: ReadonlySet<string>;
  readonly maxAnswerBytes: number;
  /** Takes memory for a piece of a body, if there is any. */
  readonly reserve: (bytes: number) => boolean;
  readonly released: (bytes: number) => void;
  readonly store: (answer: KeptAnswer) => void;
  /** Answers to this are not for everybody, or too large. */
  readonly unkept: (shared: SharedRequest, withCredentials: boolean) => void;
}

/** One request to the upstream for all who want its answer. */
export class Fetch implements FillOwner {
  readonly shared: SharedRequest;
  /** What it brought; undefined when that is not for others. Rejects when no answer was to be had. */
  readonly kept: Promise<KeptAnswer | undefined>;
  /** Something changed since it began: it is not kept for those who come later. */
  isObsolete = false;
  readonly #around: FetchSurroundings;
  readonly #asked: RouteRequest;
  readonly #client: ServerResponse | undefined;
  readonly #old: KeptAnswer | undefined;
  readonly #mayBeStale: boolean;
  readonly #withCredentials: boolean;
  readonly #settled = Promise.withResolvers<KeptAnswer | undefined>();
  readonly #dropped = Promise.withResolvers<Fetched>();
  readonly #startedAt: number;
  #head: Pick<KeptAnswer, "fields" | "freshness" | "from" | "since" | "status"> | undefined;
  #isDropped = false;
  /** Whether its client was told that it has the answer already. */
  #isTold = false;

  /** @param old what is kept but not fresh, and whether it is better than a failure */
  constructor(
    around: FetchSurroundings,
    asked: RouteRequest,
    shared: SharedRequest,
    old: { answer: KeptAnswer | undefined; mayBeStale: boolean },
    { client, withCredentials }: { client: ServerResponse | undefined; withCredentials: boolean },
  ) {
    this.#around = around;
    this.#asked = asked;
    this.shared = shared;
    this.#old = old.answer;
    this.#mayBeStale = old.mayBeStale;
    this.#client = client;
    this.#withCredentials = withCredentials;
    this.#startedAt = around.parts.clock.now();
    this.kept = this.#settled.promise;
    // Nobody may be waiting.
    this.kept.catch(() => {});
  }

  /** @throws KerfError when there is no answer, or the client was not sent all of it */
  async run(): Promise<Fetched> {
    const { request, upstream, target } = this.#asked;
    const { parts } = this.#around;
    const fill = new Fill(this, this.#client);
    let timer: ReturnType<typeof parts.wheel.add> | undefined;
    const forwarding: Forwarding<AnswerSink> = {
      upstream,
      request,
      response: fill,
      target,
      head: this.#asked.edited([...this.shared.head, ...conditions(this.#old)]),
      maxBodyBytes: 0,
      answerHead: (_status, fields, from) => {
        fill.heard(fields, from);
        // The head of the answer, then its body: others wait for no more than twice the deadline.
        timer = parts.wheel.add(parts.clock.now() + upstream.policies.deadlineMs, () =>
          fill.giveUp(),
        );
        return [];
      },
    };
    const forwarded = forward(forwarding, parts)
      .then((): Fetched => "answered")
      .catch((thrown: unknown) => this.#failed(toKerfError(thrown)))
      .finally(() => {
        if (timer !== undefined) parts.wheel.remove(timer);
        this.#settled.resolve(undefined);
      });
    return await Promise.race([this.#dropped.promise, forwarded]);
  }

  decide(status: number, fields: Fields, from: URL): Fate {
    const old = this.#old;
    if (old !== undefined && status === 304) return this.#unchanged(old, fields, from);
    if (status >= 500) return this.#trouble(status);
    const freshness = this.#freshness(status, fields);
    if (freshness === undefined) return this.#again();
    const { maxAnswerBytes, parts, unkept } = this.#around;
    if (Number(fieldOf(fields, "content-length") ?? 0) > maxAnswerBytes) {
      unkept(this.shared, this.#withCredentials);
      this.#settled.resolve(undefined);
      return "pass";
    }
    this.#head = { fields, freshness, from, since: parts.clock.now(), status };
    return "keep";
  }

  writeHead(response: ServerResponse, status: number, fields: Fields, from: URL): void {
    const { request, via } = this.#asked;
    const has = isUnchanged(request, status, fields);
    const head = this.#asked.answerHead(status, has ? unchangedFields(fields) : fields, from);
    head.push("cache-status", `${via}; fwd=${this.#old === undefined ? "miss" : "stale"}`);
    response.writeHead(has ? 304 : status, head);
    if (has) response.end();
    this.#isTold = has;
  }

  hasRoom(bytes: number, size: number): boolean {
    return size <= this.#around.maxAnswerBytes && this.#around.reserve(bytes);
  }

  released(bytes: number): void {
    this.#around.released(bytes);
  }

  whole(body: Buffer): void {
    if (this.#head !== undefined) this.#keep({ ...this.#head, body });
  }

  unkept(): void {
    this.#around.unkept(this.shared, this.#withCredentials);
    this.#settled.resolve(undefined);
  }

  #unchanged(old: KeptAnswer, news: Fields, from: URL): Fate {
    const etag = fieldOf(news, "etag");
    const oldTag = fieldOf(old.fields, "etag");
    // It speaks of another answer than ours (RFC 9111, 4.3.4).
    if (etag !== undefined && oldTag !== undefined && !isSameTag(etag, oldTag))
      return this.#again();
    const fields = refreshedFields(old.fields, news);
    const freshness = this.#freshness(old.status, fields);
    if (freshness === undefined) return this.#again();
    const { status, body } = old;
    const since = this.#around.parts.clock.now();
    const answer = this.#keep({ status, fields, from, body, freshness, since });
    return this.#drop({ answer, isStale: false });
  }

  /** An answer that says nothing but that there is none. */
  #trouble(status: number): Fate {
    if (this.#old !== undefined && this.#mayBeStale)
      return this.#drop({ answer: this.#old, isStale: true });
    this.#settled.resolve(undefined);
    if (this.#client !== undefined) return "pass";
    const message = `${this.#asked.upstream.name} answers ${status}.`;
    this.#isDropped = true;
    this.#dropped.reject(new KerfError("unavailable", { message }));
    return "drop";
  }

  #freshness(status: number, fields: Fields): ReturnType<typeof freshnessOf> {
    const { keyed, parts } = this.#around;
    const delayMs = parts.clock.now() - this.#startedAt;
    const freshness = freshnessOf(status, fields, { delayMs, wall: parts.clock.wall() }, keyed);
    return this.#withCredentials && freshness?.forAuthorized === false ? undefined : freshness;
  }

  #keep(found: Omit<KeptAnswer, "bytes" | "key" | "resource">): KeptAnswer {
    const { key, resource } = this.shared;
    const answer = keptAnswer({ ...found, key, resource });
    if (!this.isObsolete) this.#around.store(answer);
    this.#settled.resolve(answer);
    return answer;
  }

  #again(): Fate {
    this.#around.unkept(this.shared, this.#withCredentials);
    return this.#drop("again");
  }

  /** The client waits for none of what is left of this answer. */
  #drop(fetched: Fetched): Fate {
    this.#isDropped = true;
    this.#settled.resolve(typeof fetched === "object" ? fetched.answer : undefined);
    this.#dropped.resolve(fetched);
    return "drop";
  }

  #failed(error: KerfError): Fetched {
    // Its rest was not read.
    if (this.#isDropped || this.#isTold) return "answered";
    const old = this.#old;
    if (this.#head === undefined && old !== undefined && this.#mayBeStale) {
      this.#settled.resolve(old);
      return { answer: old, isStale: true };
    }
    // Broken off in the middle: those who wait ask for themselves.
    if (this.#head === undefined) this.#settled.reject(error);
    throw error;
  }
}

/** Asks only for what is new (RFC 9111, 4.3.1). */
function conditions(old: KeptAnswer | undefined): string[] {
  if (old === undefined) return [];
  const etag = fieldOf(old.fields, "etag");
  const modified = fieldOf(old.fields, "last-modified");
  return [
    ...(etag === undefined ? [] : ["if-none-match", etag]),
    ...(modified === undefined ? [] : ["if-modified-since", modified]),
  ];
}
