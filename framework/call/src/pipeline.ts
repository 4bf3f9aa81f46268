import { CallContext, deadlineExceeded, KerfError } from "@kerf/kernel";
import { deepFreeze } from "./json/freeze.ts";
import { jsonValue } from "./json/raw-json.ts";
import { assertJson } from "./json/strict.ts";
import type { Outgoing } from "./outgoing/outgoing.ts";
import { attemptTimedOut, attemptTimeout } from "./policies/attempt-timeout.ts";
import { meansTrouble } from "./policies/circuit-breaker.ts";
import { shrunkDeadline, timeFor } from "./policies/deadline.ts";
import { idempotencyKey } from "./policies/idempotency-key.ts";
import { hedgeQuantile } from "./policies/hedging.ts";
import { isOutlying } from "./policies/outlier-ejection.ts";
import { backoff, mayRepeat } from "./policies/retry.ts";
import type { Target } from "./outgoing/target.ts";

/** What a position does with a call; throws to refuse it. */
export type Step = (call: Outgoing) => void;
/** What a position learns from the end of an attempt. */
export type Outcome = (call: Outgoing, error: KerfError | undefined) => KerfError | undefined;

/**
 * Holds a call whose attempt found nobody, when somebody is about to be there: `released` is told once, without an error when it is worth another
 * attempt. Answers what takes the call back, undefined when it is not held; throws to refuse it.
 */
export type Holding = (
  call: Outgoing,
  error: KerfError,
  released: (error: KerfError | undefined) => void,
) => (() => void) | undefined;

/** One position of the client's half of the call path. What it does not name, it does not do. */
export interface Position {
  readonly name: string;
  /** Why it stands here and not elsewhere. */
  readonly reason: string;
  /** Once a call, in order, before the first attempt; throws to refuse the call. */
  readonly enter?: (target: Target) => Step | undefined;
  /** Before each attempt, in order; throws to fail the attempt. */
  readonly attempt?: (target: Target) => Step | undefined;
  /** After each attempt, in reverse order; may say better what the error was. */
  readonly settle?: (target: Target) => Outcome | undefined;
  /** After a failed attempt: milliseconds until the next one, undefined for none. */
  readonly again?: (target: Target) => (call: Outgoing, error: KerfError) => number | undefined;
  /** After a failed attempt, before a retry is thought of; of one position only. What is held costs neither an attempt nor the budget. */
  readonly hold?: (target: Target) => Holding | undefined;
  /** When an attempt was sent: milliseconds until another one is sent beside it, if it has not ended by then; undefined for none. */
  readonly beside?: (target: Target) => ((call: Outgoing) => number | undefined) | undefined;
  /** What callers receive of an answer. */
  readonly answer?: (target: Target) => ((value: unknown) => unknown) | undefined;
  /** When the call is over, however it ended; of one position only. */
  readonly leave?: (
    target: Target,
  ) => ((call: Outgoing, error: KerfError | undefined) => void) | undefined;
}

/**
 * The way of every call from the client's stub to the transport, whatever the distance. The callee's half is in
 * `inbound/pipeline.ts`; `outgoing/compiled-pipeline.ts` makes closures of the list.
 *
 * A service in the same process is called through the same list. Only the positions that choose among instances fall
 * away, since there is one: no pick, and no attempt timeout, because a second attempt would meet the same handler in the
 * same process. A failed call is retried by the same rules as a remote one, so that an error has one meaning.
 */
export const pipeline: readonly Position[] = [
  {
    name: "transaction guard",
    reason:
      "First, because nothing may happen while a transaction is open: a call would hold its locks for as long as the callee takes, and its effect would stay when the transaction rolls back.",
    enter: (target) => (call) => {
      if (call.parent.transactionOpen) throw callInTransaction(target.name);
    },
  },
  {
    name: "json check",
    reason:
      "Checked mode only. Before anything is counted or timed: an input that JSON would change is a mistake of the caller, at every distance.",
    enter: ({ checked, name }) =>
      checked ? (call) => assertJson(jsonValue(call.input), "invalid_input", name) : undefined,
    answer: ({ checked }) => (checked ? deepFreeze : undefined),
  },
  {
    name: "trace",
    reason:
      "Above the attempts: one span and one count for the call as its caller sees it, retries and waits included.",
    enter:
      ({ spans }) =>
      (call) => {
        const { trace } = call.options;
        if (spans !== undefined && (trace ?? call.parent).sampled) spans.entered(call);
        // Below the call above it is made when somebody first asks the context for it.
        else if (trace !== undefined) call.trace = trace.child();
      },
    leave: ({ metrics, spans }) =>
      metrics === undefined
        ? spans && ((call, error) => spans.left(call, error))
        : (call, error) => {
            spans?.left(call, error);
            metrics.left(call, error);
          },
  },
  {
    name: "idempotency key",
    reason:
      "Above the attempts, since all of them are the same command; before the context is made that carries it.",
    enter: ({ kind, name }) =>
      kind === "command"
        ? (call) => {
            call.idempotencyKey = idempotencyKey(call.parent, name, call.options.idempotencyKey);
          }
        : undefined,
  },
  {
    name: "deadline",
    reason:
      "Above the retries, so that all attempts and the waits between them share one deadline. It refuses what has no time left before anyone works for it.",
    enter: (target) => {
      const { caller, deadlineMs, metrics, name, local } = target;
      const near = local !== undefined;
      const counted = metrics !== undefined;
      return (call) => {
        const { parent, options } = call;
        const { clock, wheel } = parent;
        const ownMs = options.deadlineMs ?? deadlineMs;
        // A call that leaves the process can afford the exact time.
        const now = near ? timeFor(ownMs, wheel, clock) : clock.now();
        if (counted) call.enteredAt = now;
        const deadline = shrunkDeadline(parent, ownMs, now);
        if (deadline <= now) throw deadlineExceeded(`${name} was about to be called`);
        const reason = parent.cancelled;
        if (reason !== undefined) throw reason;
        call.attemptedAt = now;
        call.context = call.whole = new CallContext({
          clock,
          wheel,
          deadline,
          trace: call.trace,
          caller,
          principal: parent.principal,
          principalToken: parent.principalToken,
          idempotencyKey: call.idempotencyKey,
          parent,
        });
        if (options.signal === undefined) return;
        call.follow(options.signal);
        if (call.whole.cancelled !== undefined) throw call.whole.cancelled;
      };
    },
  },
  {
    name: "retry",
    reason:
      "Above the breaker and the choice of an instance, so that each attempt is judged by the breaker and may go to another instance. Below the deadline, which no retry and no wait outlives.",
    enter:
      ({ upstream }) =>
      (call) =>
        upstream.budget.deposit(call.attemptedAt),
    again:
      ({ kind, policies, random, recorded, upstream, clock }) =>
      (call, error) => {
        if (call.attempt >= policies.attempts || !mayRepeat(kind, error, recorded()))
          return undefined;
        const wait = backoff(call.attempt, error, policies, random);
        const now = clock.now();
        if (wait === undefined || now + wait >= call.whole.deadline) return undefined;
        return upstream.budget.withdraw(now) ? wait : undefined;
      },
  },
  {
    name: "hedge",
    reason:
      "Beside the retries, and paid from their budget: it is one more attempt, only sent before the one before it has failed. Below the deadline, which it does not outlive either.",
    beside: ({ balancer, clock, kind, latency, local, policies, settings, upstream }) =>
      settings.hedge !== true || kind !== "query" || local !== undefined
        ? undefined
        : (call) => {
            if (call.attempt >= policies.attempts || !balancer.hasAnother(call.address))
              return undefined;
            const now = clock.now();
            const waitMs = latency.estimate(hedgeQuantile, now);
            if (waitMs === undefined || now + waitMs >= call.whole.deadline) return undefined;
            return upstream.budget.isLeft(now) ? waitMs : undefined;
          },
  },
  {
    name: "breaker",
    reason:
      "Below the retries, since a retry is a call as well and must be counted. Above the choice of an instance: it judges the service, not one copy of it.",
    attempt:
      ({ upstream }) =>
      (call) =>
        upstream.breaker.admit(call.attemptedAt),
    settle:
      ({ local, upstream: { breaker }, policies, clock }) =>
      (call, error) => {
        if (error === undefined) breaker.succeeded(call.attemptedAt);
        // What the breaker itself refused taught it nothing, and neither did what was not sent.
        else if (error.code === "circuit_open") return error;
        else if (local === undefined && call.endpoint === undefined) breaker.undecided();
        else {
          const now = clock.now();
          const verdict = meansTrouble(error, now - call.attemptedAt, policies);
          if (verdict === undefined) breaker.undecided();
          else if (verdict) breaker.failed(now);
          else breaker.succeeded(now);
        }
        return error;
      },
  },
  {
    name: "bulkhead",
    reason:
      "Below the retries and their waits: what waits holds no place. A service of this process has none, since it shares everything else with its callers as well; a stream waits for most of its life.",
    attempt: ({ kind, local, upstream: { bulkhead } }) =>
      local !== undefined || kind === "stream"
        ? undefined
        : (call) => {
            bulkhead.enter();
            call.inBulkhead = true;
          },
    settle: ({ kind, local, upstream: { bulkhead } }) =>
      local !== undefined || kind === "stream"
        ? undefined
        : (call, error) => {
            if (call.inBulkhead) bulkhead.leave();
            call.inBulkhead = false;
            return error;
          },
  },
  {
    name: "client throttle",
    reason:
      "After everything else that may refuse the call here: it counts what the callee makes of what is sent.",
    attempt: ({ local, upstream: { throttle } }) =>
      local !== undefined
        ? undefined
        : (call) => {
            throttle.admit(call.attemptedAt);
            call.throughThrottle = true;
          },
    settle: ({ local, upstream: { throttle } }) =>
      local !== undefined
        ? undefined
        : (call, error) => {
            if (call.throughThrottle)
              throttle.settled(error?.code === "overloaded", call.settledAt);
            call.throughThrottle = false;
            return error;
          },
  },
  {
    name: "instance",
    reason: "As late as possible, so that every attempt chooses by what is known at that moment.",
    attempt: (target) => {
      if (target.local !== undefined) return undefined;
      const { balancer, pool, service } = target;
      return (call) => {
        const endpoint = balancer.pick(call.address, call.attemptedAt, call.options.affinity);
        call.endpoint = endpoint;
        if (endpoint === undefined) throw nowhere(service);
        call.address = endpoint.instance.address;
        call.transport = pool.get(call.address);
      };
    },
    hold: ({ held, local, service }) =>
      local !== undefined || held === undefined
        ? undefined
        : (call, error, released) =>
            // What was refused before this position says something else.
            call.endpoint === undefined && error.code === "unavailable" && held.sleeps(service)
              ? held.hold(service, released)
              : undefined,
    settle: (target) => {
      if (target.local !== undefined) return undefined;
      const { balancer, kind, policies } = target;
      return (call, error) => {
        const { endpoint, attemptedAt, settledAt: now } = call;
        if (endpoint === undefined) return error;
        // The first item of a stream comes when there is one: that says nothing of how fast an instance is.
        const tookMs = now - attemptedAt;
        if (error === undefined) {
          if (kind !== "stream") balancer.settled(endpoint, tookMs, false, now);
        } else {
          const failed = isOutlying(error, tookMs, policies);
          balancer.settled(endpoint, kind === "stream" ? 0 : tookMs, failed, now);
        }
        return error;
      };
    },
  },
  {
    name: "attempt span",
    reason:
      "Where the attempt has its instance, and outside of its timeout, whose verdict it tells. The first one goes under the call's own span. In one process the callee's span says all of it.",
    attempt: ({ local, spans }) =>
      local !== undefined || spans === undefined ? undefined : (call) => spans.sent(call),
    settle: ({ local, spans }) =>
      local !== undefined || spans === undefined
        ? undefined
        : (call, error) => {
            spans.settled(call, error);
            return error;
          },
  },
  {
    name: "attempt timeout",
    reason:
      "Around the transport alone: it measures one instance. What may not be sent again has one attempt, which gets the whole deadline, and so has the last attempt of the others.",
    attempt: (target) => {
      const { balancer, local, kind, latency, policies, recorded } = target;
      if (local !== undefined || kind === "stream") return undefined;
      return (call) => {
        const { whole, attemptedAt } = call;
        if (call.attempt >= policies.attempts || (kind === "command" && !recorded())) {
          call.context = whole;
          return;
        }
        const left = whole.deadline - attemptedAt;
        // What was measured before a deploy was measured of instances that were warm.
        const measured = balancer.areNew(attemptedAt) ? undefined : latency;
        call.context = new CallContext({
          clock: whole.clock,
          wheel: whole.wheel,
          deadline: attemptedAt + attemptTimeout(left, measured, attemptedAt, policies),
          trace: whole.trace,
          caller: whole.caller,
          principal: whole.principal,
          principalToken: whole.principalToken,
          idempotencyKey: whole.idempotencyKey,
          parent: whole,
        });
      };
    },
    settle: (target) => {
      const { local, kind, latency, name } = target;
      if (local !== undefined || kind === "stream") return undefined;
      return (call, error) => {
        const { context, whole, settledAt: now } = call;
        const tookMs = now - call.attemptedAt;
        const gaveUp =
          error?.code === "deadline_exceeded" &&
          context !== whole &&
          whole.cancelled === undefined &&
          now < whole.deadline;
        // An attempt that was given up took at least this long: left out, slow answers could never raise the estimate. One alone says that an
        // instance hangs, and counted would make the next ones wait four times as long for it; a second one says that the service is slow.
        if (error === undefined || error.declared || (gaveUp && call.attempt > 1))
          latency.record(tookMs, now);
        if (context !== whole) context.release();
        return gaveUp ? attemptTimedOut(name, tookMs) : error;
      };
    },
  },
];

function callInTransaction(name: string): KerfError {
  return new KerfError("call_in_transaction", {
    message: `${name} was called while this command's transaction is open.`,
    why: "The call would hold the transaction's locks for as long as it takes, and what it changes would stay if the transaction rolled back.",
    fix: "Call it before the first statement, or from a worker after the commit.",
  });
}

function nowhere(service: string): KerfError {
  return new KerfError("unavailable", {
    message: `No instance of ${service} is ready.`,
    why: "The placement names none: it is starting, restarting, or has failed to start.",
    fix: `Look at what it says: kerf status, kerf logs ${service}`,
    retry: "not-executed",
  });
}
