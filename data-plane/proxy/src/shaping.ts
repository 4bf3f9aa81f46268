import type { IncomingMessage } from "node:http";
import type { Answer, Identity, Shaped, Shaping, Verdict } from "@kerf/call/http";
import { Buckets, LeasedBuckets, type LeasedBucketsOptions } from "@kerf/call/limits";
import type { Clock } from "@kerf/kernel";
import type { CompressionSettings, GatewaySettings } from "@kerf/service";
import { Compressor } from "./compression/compressor.ts";
import { Cors } from "./cors/cors.ts";
import { RateLimits } from "./limits/rate-limits.ts";
import {
  AddressSet,
  cameOverTls,
  clientAddress,
  subscriberOf,
} from "./upstreams/client-address.ts";

/** A year, the least that browsers' own lists ask for; this host alone, since its siblings may not have TLS. */
const strictTransport = { "strict-transport-security": "max-age=31536000" };

/** What shapes requests and answers and outlives a configuration. */
export class ShapingState {
  readonly clock: Clock;
  readonly buckets = new Buckets();
  /** Shared with the other instances of the gateway. */
  readonly shared: LeasedBuckets;
  readonly compressor = new Compressor();

  constructor(clock: Clock, keeper: Omit<LeasedBucketsOptions, "clock">) {
    this.clock = clock;
    this.shared = new LeasedBuckets({ ...keeper, clock });
  }
}

/** Requests held back and answers shaped as one configuration asks for it. */
export class GatewayShaping implements Shaping {
  readonly #trusted: AddressSet;
  readonly #limits: RateLimits;
  readonly #cors: Cors | undefined;
  readonly #compressor: Compressor;
  readonly #compression: CompressionSettings | undefined;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(settings: GatewaySettings, { buckets, shared, clock, compressor }: ShapingState) {
    this.#trusted = new AddressSet(settings.trustedProxies);
    this.#limits = new RateLimits(settings.limits ?? [], { buckets, shared, clock });
    this.#cors = settings.cors === undefined ? undefined : new Cors(settings.cors);
    this.#headers = settings.headers ?? {};
    this.#compressor = compressor;
    const { compression = true } = settings;
    this.#compression = compression === true ? {} : compression === false ? undefined : compression;
  }

  fields(request: IncomingMessage): Readonly<Record<string, string>> {
    const tls = cameOverTls(request, this.#trusted) ? strictTransport : undefined;
    if (tls === undefined && this.#cors === undefined) return this.#headers;
    return { ...tls, ...this.#headers, ...this.#cors?.fields(request) };
  }

  preflight(
    request: IncomingMessage,
    allow: readonly string[],
  ): Readonly<Record<string, string>> | undefined {
    return this.#cors?.preflight(request, allow);
  }

  admit(request: IncomingMessage, shaped: Shaped): Verdict | undefined {
    if (!this.#limits.has(shaped)) return undefined;
    return this.#limits.admit(shaped, () => subscriberOf(clientAddress(request, this.#trusted)));
  }

  finish(
    request: IncomingMessage,
    answer: Answer,
    identity: Identity | undefined,
  ): Answer | Promise<Answer> {
    if (this.#compression === undefined) return answer;
    return this.#compressor.compress(request, answer, identity, this.#compression);
  }
}
