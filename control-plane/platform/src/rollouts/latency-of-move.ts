import type { ChangeReport, MeasuredCalls, OperationLatency } from "@kerf/control-api";
import type { Clock } from "@kerf/kernel";
import type { LoadKeeper } from "../load/load-keeper.ts";
import { type LoadWindow, measuredIn, quantile } from "../load/load-window.ts";
import type { Deployment } from "../placement/deployment.ts";

/** How far back the time before a move is looked at, milliseconds. */
const beforeMs = 60_000;
/** Measured calls from which percentiles are given: of fewer, the 95th is the slowest call. */
const leastCalls = 20;
/** Most operations in a report. */
const mostOperations = 50;

interface Surroundings {
  readonly clock: Clock;
  readonly load: LoadKeeper;
}

/**
 * What a service's move does to the latency of its operations, and of those of the services and gateways that call it: theirs contain what a
 * call over the network costs more, or one in the same program less.
 */
export class LatencyOfMove {
  readonly #around: Surroundings;
  readonly #concerned: ReadonlySet<string>;
  /** By who measured and operation. */
  readonly #before: ReadonlyMap<string, LoadWindow>;

  /** Remembers what calls took until now. */
  constructor(around: Surroundings, deployment: Deployment, moved: readonly string[]) {
    this.#around = around;
    this.#concerned = concerned(deployment, moved);
    this.#before = new Map(
      this.#places(deployment).map(({ key, operation, unit }) => [
        key,
        around.load.window({ unit, operation }, beforeMs),
      ]),
    );
  }

  /** Measures for `forMs` milliseconds, and compares. */
  async after(
    deployment: Deployment,
    forMs: number,
  ): Promise<NonNullable<ChangeReport["latency"]>> {
    const { clock, load } = this.#around;
    return load.metered(async (meter) => {
      await new Promise<void>((resolve) => clock.after(forMs, resolve));
      const now = clock.now();
      const nothing: LoadWindow = { seconds: 0, calls: 0, failed: 0, latency: [] };
      const operations = this.#places(deployment).map(
        ({ key, measuredBy, operation, unit }): OperationLatency => ({
          operation,
          measuredBy,
          before: measured(this.#before.get(key) ?? nothing),
          after: measured(meter.window(unit, operation, now)),
        }),
      );
      return {
        seconds: { before: beforeMs / 1_000, after: forMs / 1_000 },
        leastCalls,
        operations: operations
          .filter(({ after, before }) => after.calls + before.calls > 0)
          .toSorted((one, other) => callsOf(other) - callsOf(one))
          .slice(0, mostOperations),
      };
    });
  }

  /** Where operations of the services concerned are measured: by the unit that serves them, and by gateways. */
  #places({ manifest, units }: Deployment) {
    const places = [
      ...Object.entries(units).flatMap(([unit, services]) =>
        services.map((service) => ({ unit, service, measuredBy: service })),
      ),
      ...manifest.gateways.flatMap(({ backend, expose, name }) =>
        [...expose.map((contract) => contract.name), ...(backend ? [backend.name] : [])].map(
          (service) => ({ unit: `gateway:${name}`, service, measuredBy: `gateway:${name}` }),
        ),
      ),
    ];
    return places
      .filter(({ service }) => this.#concerned.has(service))
      .flatMap(({ measuredBy, service, unit }) =>
        this.#around.load
          .operationsOf(unit)
          .filter((operation) => operation.startsWith(`${service}.`))
          .map((operation) => ({
            key: JSON.stringify([measuredBy, operation]),
            measuredBy,
            operation,
            unit,
          })),
      );
  }
}

/** The services that move, and all that call them. */
function concerned({ manifest }: Deployment, moved: readonly string[]): ReadonlySet<string> {
  const backends = manifest.gateways.flatMap(({ backend }) => backend ?? []);
  const callers = [...manifest.services, ...backends].filter(({ uses }) =>
    uses.some(({ followed, name }) => followed !== true && moved.includes(name)),
  );
  return new Set([...moved, ...callers.map(({ name }) => name)]);
}

function measured(window: LoadWindow): MeasuredCalls {
  const { calls, failed } = window;
  if (measuredIn(window) < leastCalls) return { calls, failed };
  return { calls, failed, ...percentiles(window) };
}

function percentiles(window: LoadWindow): Pick<MeasuredCalls, "p50Ms" | "p95Ms"> {
  const [p50, p95] = [quantile(window, 0.5), quantile(window, 0.95)];
  return p50 === undefined || p95 === undefined ? {} : { p50Ms: rounded(p50), p95Ms: rounded(p95) };
}

/** To a hundredth of a millisecond: buckets are coarser. */
function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

function callsOf({ after, before }: OperationLatency): number {
  return after.calls + before.calls;
}
