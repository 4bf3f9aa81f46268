import type { IncomingMessage } from "node:http";
import type { BlockList } from "node:net";
import type { Identity, Route, Shaping, Verdict } from "@kerf/call/http";
import type { Clock } from "@kerf/kernel";
import { addressList, type GatewaySettings } from "@kerf/service";
import { Buckets } from "./limits/buckets.ts";
import { clientAddress, subscriberOf } from "./limits/client-address.ts";
import { RateLimits } from "./limits/rate-limits.ts";

/** What shapes requests and answers and outlives a configuration. */
export class ShapingState {
  readonly clock: Clock;
  readonly buckets = new Buckets();

  constructor(clock: Clock) {
    this.clock = clock;
  }
}

/** Requests held back and answers shaped as one configuration asks for it. */
export class GatewayShaping implements Shaping {
  readonly #trusted: BlockList;
  readonly #limits: RateLimits;

  /** @throws RangeError for a proxy that is no address */
  constructor(settings: GatewaySettings, { buckets, clock }: ShapingState) {
    this.#trusted = addressList(settings.trustedProxies ?? []);
    this.#limits = new RateLimits(settings.limits ?? [], buckets, clock);
  }

  admit(request: IncomingMessage, route: Route, identity: Identity | undefined): Verdict {
    const subscriber = subscriberOf(clientAddress(request, this.#trusted));
    return this.#limits.admit(route, subscriber, identity);
  }
}
