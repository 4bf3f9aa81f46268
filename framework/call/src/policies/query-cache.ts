import type { QueryPolicies } from "@kerf/contract";
import { CallContext, type Clock, KerfError, toKerfError } from "@kerf/kernel";
import { BoundedCache } from "../bounded-cache.ts";
import { RawJson } from "../json/raw-json.ts";
import type { Send, SendOptions } from "../outgoing/client-stub.ts";

/** Answers that one program keeps of one operation at most; those that were not used for longest go first. */
const maxAnswers = 1_000;
/** Longest answer that is kept, UTF-16 code units of its JSON, or bytes where it came as RawJson. */
const maxAnswerLength = 262_144;

/** How an answer is kept. */
export interface KeptAnswer {
  /** Since it was asked for, milliseconds. */
  readonly ageMs: number;
  /** How long it is good for, counted from then, milliseconds. */
  readonly ttlMs: number;
  readonly for: "everyone" | "principal";
}

interface Kept {
  /** JSON, so that nobody shares an object with anybody else; as it came, where it was asked for so. */
  readonly answer: string | RawJson | undefined;
  /** Monotonic milliseconds. */
  readonly until: number;
  readonly since: number;
}

/**
 * Keeps the answers of one query for a while, and makes one call of equal ones that are under way at the same time. Both by what
 * is asked and, unless the contract says that the answer is everybody's, for whom. Errors are not kept.
 */
export class QueryCache {
  readonly #clock: Clock;
  readonly #policies: QueryPolicies;
  readonly #deadlineMs: number;
  readonly #kept = new BoundedCache<string, Kept>(maxAnswers);
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(policies: QueryPolicies, deadlineMs: number, clock: Clock) {
    this.#policies = policies;
    this.#deadlineMs = deadlineMs;
    this.#clock = clock;
  }

  /** Whether there is anything to do for a query of these policies. */
  static isWanted({ cache, coalesce }: QueryPolicies): boolean {
    return cache !== undefined || coalesce === true;
  }

  /** `send`, asked only for what is not known. */
  wrap(send: Send): Send {
    return (context, input, options) => {
      const key = this.#keyOf(context, input);
      const kept = options?.fresh === true ? undefined : this.#kept.get(key);
      if (kept !== undefined && this.#clock.now() < kept.until) {
        this.#tell(options, kept.since);
        return Promise.resolve(copyOf(kept.answer, options));
      }
      this.#tell(options, this.#clock.now());
      const underWay = options?.fresh === true ? undefined : this.#underWay.get(key);
      return underWay === undefined
        ? this.#lead(key, send, context, input, options)
        : this.#follow(underWay, send, context, input, options);
    };
  }

  #tell(options: SendOptions | undefined, since: number): void {
    const { cache } = this.#policies;
    if (cache !== undefined) options?.kept?.({ ...cache, ageMs: this.#clock.now() - since });
  }

  #lead(
    key: string,
    send: Send,
    context: CallContext,
    input: unknown,
    options: SendOptions | undefined,
  ): Promise<unknown> {
    const { cache, coalesce } = this.#policies;
    const since = this.#clock.now();
    const asked = send(context, input, options) as Promise<unknown>;
    const answered = asked.then((answer) => {
      if (cache !== undefined) this.#keep(key, answer, since, cache.ttlMs);
      return answer;
    });
    if (coalesce === false) return answered;
    this.#underWay.set(key, answered);
    const over = (): void => {
      if (this.#underWay.get(key) === answered) this.#underWay.delete(key);
    };
    answered.then(over, over);
    return answered;
  }

  /** Waits for somebody else's answer, by its own deadline. */
  async #follow(
    underWay: Promise<unknown>,
    send: Send,
    parent: CallContext,
    input: unknown,
    options: SendOptions | undefined,
  ): Promise<unknown> {
    const { clock, wheel } = parent;
    const ownMs = options?.deadlineMs ?? this.#deadlineMs;
    const context = new CallContext({
      clock,
      wheel,
      deadline: Math.min(parent.deadline, clock.now() + ownMs),
      trace: options?.trace,
      caller: parent.caller,
      principal: parent.principal,
      principalToken: parent.principalToken,
      parent,
    });
    const left = (): void =>
      context.cancel(new KerfError("cancelled", "The caller cancelled the call."));
    options?.signal?.addEventListener("abort", left, { once: true });
    if (options?.signal?.aborted === true) left();
    const ended = Promise.withResolvers<never>();
    const forget = context.onCancel(ended.reject);
    try {
      const answer = await Promise.race([underWay, ended.promise]);
      // Each gets an object of its own.
      return answer instanceof RawJson ? copyOf(answer, options) : structuredClone(answer);
    } catch (thrown) {
      const reason = context.cancelled;
      if (reason !== undefined) throw reason;
      const error = toKerfError(thrown);
      // Whoever asked first left or had less time: that says nothing of our call.
      if (error.code !== "cancelled" && error.code !== "deadline_exceeded") throw error;
      return await (send(parent, input, options) as Promise<unknown>);
    } finally {
      forget();
      options?.signal?.removeEventListener("abort", left);
      context.release();
    }
  }

  #keep(key: string, answer: unknown, since: number, ttlMs: number): void {
    // Memory of its own: what came over a wire lies in a page with others, which it would keep as well.
    const kept =
      answer instanceof RawJson
        ? new RawJson(Buffer.from(new Uint8Array(answer.bytes).buffer))
        : (JSON.stringify(answer) as string | undefined);
    const length = kept instanceof RawJson ? kept.bytes.length : (kept?.length ?? 0);
    if (length <= maxAnswerLength)
      this.#kept.set(key, { answer: kept, since, until: this.#clock.now() + ttlMs });
  }

  #keyOf({ principal, principalToken }: CallContext, input: unknown): string {
    const asked = JSON.stringify(input) ?? "";
    if (this.#policies.cache?.for === "everyone") return asked;
    const who = principal === undefined ? [principalToken] : [principal.subject, principal.claims];
    return `${JSON.stringify(who)} ${asked}`;
  }
}

/** An answer in the form in which it is wanted; values are nobody else's. */
function copyOf(answer: string | RawJson | undefined, options: SendOptions | undefined): unknown {
  if (answer === undefined) return undefined;
  if (!(answer instanceof RawJson)) return JSON.parse(answer);
  return options?.raw === true ? answer : JSON.parse(answer.bytes.toString());
}
