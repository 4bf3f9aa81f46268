import type { OperationKind, QueryPolicies } from "@kerf/contract";
import type { Clock, Random } from "@kerf/kernel";
import type { Balancer } from "../balancing/balancer.ts";
import type { TransportPool } from "../balancing/transport-pool.ts";
import type { LocalOperation } from "../local-services.ts";
import type { PolicyDefaults } from "../policies/defaults.ts";
import { LatencyQuantile } from "../policies/latency-quantile.ts";
import type { CallMetrics } from "./call-metrics.ts";
import type { CallSpans } from "./call-spans.ts";
import type { HeldCalls } from "./held-calls.ts";
import type { Upstream } from "./upstream.ts";

/** Everything that the positions of the pipeline are compiled from: one operation, as one caller reaches it. */
export interface Target {
  readonly caller: string;
  readonly service: string;
  readonly operation: string;
  /** `service.operation`, for messages. */
  readonly name: string;
  readonly kind: OperationKind;
  /** Deadline of a call that sets none, milliseconds; infinite for a stream. */
  readonly deadlineMs: number;
  readonly policies: PolicyDefaults;
  /** What its contract lets callers do with a query. */
  readonly settings: QueryPolicies;
  readonly upstream: Upstream;
  readonly latency: LatencyQuantile;
  /** Whether the callee records commands with their effects; what it does twice under one key has one effect. */
  readonly recorded: () => boolean;
  /** The operation itself, when its service runs in this process. */
  readonly local: LocalOperation | undefined;
  readonly balancer: Balancer;
  readonly pool: TransportPool;
  /** Keeps calls of services that sleep until one is there; undefined where nobody can be told to start one. */
  readonly held: HeldCalls | undefined;
  readonly random: Random;
  readonly clock: Clock;
  readonly checked: boolean;
  /** Undefined where spans go nowhere. */
  readonly spans: CallSpans | undefined;
  /** Undefined where metrics go nowhere, and within a process. */
  readonly metrics: CallMetrics | undefined;
}
