import type { IncomingMessage, ServerResponse } from "node:http";
import { backoff, type Endpoint, meansTrouble } from "@kerf/call";
import { delay, KerfError, toKerfError } from "@kerf/kernel";
import type { AnswerSink } from "./answer-sink.ts";
import { Attempt, type AttemptEnd, type AttemptOwner } from "./attempt.ts";
import { type Fields, fieldOf } from "./http1/fields.ts";
import type { ResponseHead } from "./http1/response-head.ts";
import type { Instance } from "./instance.ts";
import { type RequestBody, requestBody } from "./request-body.ts";
import { type ForeignUpstream, left, type TrafficParts } from "./upstream.ts";

/** Methods whose second execution changes nothing more (RFC 9110, 9.2.2). */
const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);
/** Answers of something in between, or of a program that cannot serve: another instance may be able to. */
const passing: ReadonlySet<number> = new Set([502, 503, 504]);

/** Sees an answer on its way to the client. */
export interface AnswerObserver {
  head(status: number, fields: Fields): void;
  piece(chunk: Buffer): void;
  /** `complete`: the client was sent all of it. */
  end(complete: boolean): void;
}

/** A request on its way to an upstream. */
export interface Forwarding<Sink extends AnswerSink = ServerResponse> {
  readonly upstream: ForeignUpstream;
  readonly request: IncomingMessage;
  readonly response: Sink;
  /** Path and query string for the upstream. */
  readonly target: string;
  /** Head for the upstream, names and values in turn. */
  readonly head: string[];
  readonly maxBodyBytes: number;
  /** The head for the client of an answer that came from there. */
  answerHead(status: number, fields: Fields, from: URL): string[];
  readonly observer?: AnswerObserver | undefined;
  /** Told the body once it is known, when it is small enough to be kept. */
  onBody?(body: Buffer | null): void;
}

/** Passes a request on and its answer back. @throws KerfError when the client was not sent all of an answer */
export async function forward(
  forwarding: Forwarding<AnswerSink>,
  parts: TrafficParts,
): Promise<void> {
  const { upstream, request, response, observer } = forwarding;
  const { admission, policies } = upstream;
  let complete = false;
  try {
    const body = await requestBody(request, response, forwarding.maxBodyBytes);
    const { content } = body;
    if (content === null || Buffer.isBuffer(content)) forwarding.onBody?.(content);
    const until = parts.clock.now() + policies.deadlineMs;
    if (!admission.tryEnter()) await admission.enter(until);
    try {
      if (response.destroyed) throw left();
      await new Attempts(forwarding, body, until, parts).run();
      complete = true;
    } finally {
      admission.leave();
    }
  } finally {
    observer?.end(complete);
  }
}

/** All attempts at one request. */
class Attempts implements AttemptOwner {
  readonly response: AnswerSink;
  readonly takesTrailers: boolean;
  readonly piece: AttemptOwner["piece"];
  readonly #forwarding: Forwarding<AnswerSink>;
  readonly #body: RequestBody;
  readonly #until: number;
  readonly #parts: TrafficParts;
  #count = 0;
  #status = 0;
  #mayRepeat = false;
  #instance: Instance | undefined;
  #endpoint: Endpoint | undefined;
  #startedAt = 0;
  #current: Attempt | undefined;
  #timer: ReturnType<TrafficParts["wheel"]["add"]> | undefined;

  constructor(
    forwarding: Forwarding<AnswerSink>,
    body: RequestBody,
    until: number,
    parts: TrafficParts,
  ) {
    this.#forwarding = forwarding;
    this.#body = body;
    this.#until = until;
    this.#parts = parts;
    this.response = forwarding.response;
    const { observer } = forwarding;
    this.piece = observer && ((chunk) => observer.piece(chunk));
    this.takesTrailers = forwarding.request.headers.te !== undefined;
  }

  async run(): Promise<void> {
    const { breaker, budget } = this.#forwarding.upstream;
    const { clock } = this.#parts;
    budget.deposit(clock.now());
    breaker.admit(clock.now());
    // The client leaves: whatever is under way for it ends.
    const onClose = (): void => {
      if (!this.response.writableFinished) this.#current?.abandon(left(), true);
    };
    this.response.once("close", onClose);
    let failure: KerfError | undefined;
    try {
      failure = await this.#attempts();
    } catch (thrown) {
      failure = toKerfError(thrown);
    }
    this.response.off("close", onClose);
    const trouble = this.#trouble(failure);
    if (trouble === undefined) breaker.undecided();
    else if (trouble) breaker.failed(clock.now());
    else breaker.succeeded(clock.now());
    if (failure !== undefined) throw failure;
  }

  /** Returns why the client was not sent all of an answer, if it was not. */
  async #attempts(): Promise<KerfError | undefined> {
    for (;;) {
      const end = await this.#attempt();
      if (end.answered) return end.failure;
      const pause = this.#pauseBefore(end.failure);
      if (pause === undefined) return end.failure;
      if (pause > 0) await delay(this.#parts.clock, pause);
      if (this.response.destroyed) return left();
    }
  }

  /** What this request says of the upstream: that it cannot serve, that it can, or nothing. */
  #trouble(failure: KerfError | undefined): boolean | undefined {
    if (failure === undefined) return passing.has(this.#status);
    const { clock } = this.#parts;
    return meansTrouble(failure, clock.now() - this.#startedAt, this.#forwarding.upstream.policies);
  }

  async #attempt(): Promise<AttemptEnd> {
    const { upstream, request, target, head } = this.#forwarding;
    const { clock, wheel } = this.#parts;
    const { policies } = upstream;
    const now = (this.#startedAt = clock.now());
    const { endpoint, instance } = upstream.pick(this.#instance?.url, now);
    this.#instance = instance;
    this.#endpoint = endpoint;
    this.#count++;
    const attempt = new Attempt(this, instance.url);
    this.#current = attempt;
    this.#mayRepeat =
      this.#count < policies.attempts &&
      idempotent.has(request.method ?? "") &&
      (this.#body.content === null || Buffer.isBuffer(this.#body.content));
    const leftMs = this.#until - now;
    // Without a measurement of each path, half of what is left: a slow path of the upstream must not look like a hung instance.
    const attemptMs = this.#mayRepeat ? Math.min(leftMs, policies.attemptMs ?? leftMs / 2) : leftMs;
    this.#timer = wheel.add(now + attemptMs, () =>
      attempt.abandon(this.#late(instance, attemptMs)),
    );
    const pool = instance.enter();
    try {
      attempt.start(pool, {
        method: request.method ?? "GET",
        target,
        fields: head,
        body: this.#body.content,
      });
      const end = await attempt.ended;
      this.#settle(end);
      return end;
    } finally {
      wheel.remove(this.#timer);
      instance.leave();
    }
  }

  /** What becomes of an answer: it goes to the client, or another instance is asked in its place. */
  head({ status, fields }: ResponseHead): readonly string[] | KerfError {
    const instance = this.#instance as Instance;
    if (passing.has(status) && this.#mayRepeat && this.#forwarding.upstream.instances.size > 1) {
      const seconds = Number(fieldOf(fields, "retry-after"));
      return new KerfError("unavailable", {
        message: `${instance.url} answers ${status}.`,
        retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined,
      });
    }
    const { wheel } = this.#parts;
    if (this.#timer !== undefined) wheel.remove(this.#timer);
    this.#status = status;
    this.#judge(status >= 500);
    this.#forwarding.observer?.head(status, fields);
    return this.#forwarding.answerHead(status, fields, instance.origin);
  }

  /** A client that takes nothing for too long holds a connection for nothing. */
  stalled(isStalled: boolean): void {
    const { clock, wheel } = this.#parts;
    if (this.#timer !== undefined) wheel.remove(this.#timer);
    if (!isStalled) return;
    const { idleMs } = this.#forwarding.upstream.policies;
    this.#timer = wheel.add(clock.now() + idleMs, () => this.response.destroy());
  }

  #settle(end: AttemptEnd): void {
    const { failure } = end;
    if (failure === undefined || this.response.headersSent) return;
    const { policies } = this.#forwarding.upstream;
    const tookMs = this.#parts.clock.now() - this.#startedAt;
    const refused = failure.code === "unavailable" && failure.retry === "not-executed";
    if (refused) this.#instance?.refused();
    this.#judge(refused ? true : meansTrouble(failure, tookMs, policies));
  }

  #judge(failed: boolean | undefined): void {
    const endpoint = this.#endpoint;
    if (endpoint === undefined) return;
    this.#endpoint = undefined;
    const tookMs = this.#parts.clock.now() - this.#startedAt;
    this.#forwarding.upstream.settled(endpoint, tookMs, failed);
  }

  /** Milliseconds before another attempt; undefined when there is none. */
  #pauseBefore(failure: KerfError): number | undefined {
    const { upstream } = this.#forwarding;
    const { clock, random } = this.#parts;
    const { policies, budget, instances } = upstream;
    if (this.#count >= policies.attempts || !this.#body.isFresh()) return undefined;
    const unsent = failure.retry === "not-executed";
    const repeatable =
      unsent ||
      (this.#mayRepeat && (failure.code === "unavailable" || failure.code === "bad_gateway"));
    const now = clock.now();
    if (!repeatable || now >= this.#until || !budget.withdraw(now)) return undefined;
    // Nobody was there: another instance can be asked at once.
    if (unsent && this.#count < instances.size) return 0;
    const pause = backoff(this.#count, failure, policies, random);
    return pause === undefined || now + pause >= this.#until ? undefined : pause;
  }

  #late(instance: Instance, ms: number): KerfError {
    if (this.#mayRepeat && this.#parts.clock.now() < this.#until) {
      return new KerfError("unavailable", {
        message: `${instance.url} did not answer within ${Math.round(ms)} ms.`,
        why: "An attempt gets less time than the request, so that another instance can still be asked.",
        fix: "If it is meant to be slow, raise policies.attemptMs.",
      });
    }
    return new KerfError("deadline_exceeded", {
      message: `${instance.url} did not answer within ${this.#forwarding.upstream.policies.deadlineMs} ms.`,
      fix: "If it is meant to be slow, raise policies.deadlineMs.",
    });
  }
}
