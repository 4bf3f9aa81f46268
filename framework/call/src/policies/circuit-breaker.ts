import { type ErrorCode, KerfError } from "@kerf/kernel";
import type { PolicyDefaults } from "./defaults.ts";
import { RollingWindow } from "./rolling-window.ts";

/** `closed` lets calls through, `open` refuses them, `probing` lets one through to find out. */
export type BreakerState = "closed" | "open" | "probing";

const trouble: ReadonlySet<string> = new Set<ErrorCode>([
  "unavailable",
  "connection_lost",
  "protocol_error",
  "bad_gateway",
  "overloaded",
]);
const nothingLearnt: ReadonlySet<string> = new Set<ErrorCode>(["cancelled", "not_here"]);

/**
 * What an error says of the callee: true when it cannot serve, false when it does (a declared error is an answer, and a
 * bug in one operation must not close off the others), undefined when it says nothing of the callee.
 */
export function meansTrouble(
  error: KerfError,
  tookMs: number,
  policies: PolicyDefaults,
): boolean | undefined {
  if (error.declared) return false;
  // A deadline that was nearly over when the call began says something of the caller.
  if (error.code === "deadline_exceeded")
    return tookMs >= policies.attemptFloorMs ? true : undefined;
  if (nothingLearnt.has(error.code)) return undefined;
  // Nobody was there, and that was known at once: waiting on costs nobody anything, and the placement says who is back. A
  // breaker would keep its callers from the new instance.
  if (
    error.code === "unavailable" &&
    error.retry === "not-executed" &&
    tookMs < policies.attemptFloorMs
  )
    return undefined;
  return trouble.has(error.code);
}

/**
 * Stops calling a service that fails anyway, so that its callers fail fast and it can recover.
 * One per callee service and caller; time is passed in, so that no timer runs.
 */
export class CircuitBreaker {
  readonly #service: string;
  readonly #policies: PolicyDefaults;
  readonly #onChange: ((state: BreakerState) => void) | undefined;
  // First: calls judged. Second: those of them that failed.
  readonly #window: RollingWindow;
  #state: BreakerState = "closed";
  #opensUntil = 0;

  constructor(service: string, policies: PolicyDefaults, onChange?: (state: BreakerState) => void) {
    this.#service = service;
    this.#policies = policies;
    this.#onChange = onChange;
    this.#window = new RollingWindow(policies.breakerWindowMs);
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Throws `circuit_open` when the call must not be sent. Every admitted call is followed by one of the three below. */
  admit(now: number): void {
    if (this.#state === "closed") return;
    if (this.#state === "open" && now >= this.#opensUntil) {
      this.#enter("probing");
      return;
    }
    throw new KerfError("circuit_open", {
      message: `${this.#service} is not called for the moment: most of the last calls to it failed.`,
      why:
        this.#state === "open"
          ? "The circuit breaker is open."
          : "The circuit breaker waits for the answer to a probe.",
      fix: `Look at what ${this.#service} says: kerf logs ${this.#service}`,
      retryAfterMs: Math.max(1, Math.ceil(this.#opensUntil - now)),
    });
  }

  /** The callee answered; a declared error is an answer too. */
  succeeded(now: number): void {
    if (this.#state === "probing") {
      this.#window.reset(now);
      this.#enter("closed");
    }
    this.#window.addFirst(now);
  }

  /** The callee cannot serve. */
  failed(now: number): void {
    this.#window.addFirst(now);
    this.#window.addSecond(now);
    if (this.#state === "open") return;
    const { first: calls, second: failures } = this.#window;
    const { breakerCalls, breakerShare, breakerOpenMs } = this.#policies;
    if (this.#state === "closed" && (calls < breakerCalls || failures < calls * breakerShare))
      return;
    this.#opensUntil = now + breakerOpenMs;
    this.#enter("open");
  }

  /** Nothing was learnt: the caller left before there was an answer. */
  undecided(): void {
    // The next call is the probe: until then the time that it was open has passed already.
    if (this.#state === "probing") this.#enter("open");
  }

  #enter(state: BreakerState): void {
    this.#state = state;
    this.#onChange?.(state);
  }
}
