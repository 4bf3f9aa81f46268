import type { Random } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { Bulkhead } from "../policies/bulkhead.ts";
import { CircuitBreaker } from "../policies/circuit-breaker.ts";
import { ClientThrottle } from "../policies/client-throttle.ts";
import type { PolicyDefaults } from "../policies/defaults.ts";
import { RetryBudget } from "../policies/retry-budget.ts";

/** What one caller keeps for a service that it calls, shared by all of its operations. */
export class Upstream {
  readonly service: string;
  readonly breaker: CircuitBreaker;
  readonly budget: RetryBudget;
  readonly bulkhead: Bulkhead;
  readonly throttle: ClientThrottle;
  /** Whether some caller cannot do without it. */
  needed = false;

  constructor(service: string, policies: PolicyDefaults, log: Logger, random: Random) {
    this.service = service;
    this.bulkhead = new Bulkhead(service, policies.bulkhead);
    this.throttle = new ClientThrottle(service, policies, random);
    this.budget = new RetryBudget(policies);
    this.breaker = new CircuitBreaker(service, policies, (state) => {
      // Whoever can do without it has an answer of its own for this.
      if (state === "open")
        log[this.needed ? "warn" : "info"](
          `The circuit to ${service} is open: most of the last calls failed.`,
        );
      else if (state === "closed") log.info(`The circuit to ${service} is closed again.`);
    });
  }
}
