import type { Trace } from "@kerf/kernel";
import type { Histogram, Metrics } from "@kerf/telemetry";
import { knownMethod } from "./request-spans.ts";

/** Most routes that are kept; they come and go with configurations. */
const maxRoutes = 5_000;

/** The series of one route by method and status, found without making anything. */
type OfRoute = Map<string, Map<number, Histogram>>;

/** Counts and times the requests at an edge. */
export class RequestMetrics {
  readonly #metrics: Metrics;
  readonly #service: string;
  readonly #routes = new Map<string, OfRoute>();

  /** @param service `gateway:NAME` */
  constructor(metrics: Metrics, service: string) {
    this.#metrics = metrics;
    this.#service = service;
  }

  /** A request is over. */
  finished(request: {
    readonly trace: Trace;
    /** Monotonic milliseconds. */
    readonly startedAt: number;
    readonly endedAt: number;
    readonly method: string | undefined;
    readonly route: string | undefined;
    readonly operation: string | undefined;
    readonly status: number;
  }): void {
    const { endedAt, method, operation, route, startedAt, status, trace } = request;
    this.#seriesOf(method, route, operation, status).record(endedAt - startedAt, trace, endedAt);
  }

  #seriesOf(
    method: string | undefined,
    route: string | undefined,
    operation: string | undefined,
    status: number,
  ): Histogram {
    const known = knownMethod(method);
    let ofRoute = this.#routes.get(route ?? "");
    if (ofRoute === undefined) {
      if (this.#routes.size >= maxRoutes) this.#routes.clear();
      this.#routes.set(route ?? "", (ofRoute = new Map()));
    }
    let ofMethod = ofRoute.get(known);
    if (ofMethod === undefined) ofRoute.set(known, (ofMethod = new Map()));
    let series = ofMethod.get(status);
    if (series === undefined) {
      series = this.#metrics.histogram("http.server.request.duration", this.#service, {
        "http.request.method": known,
        "http.response.status_code": status,
        ...(route === undefined ? undefined : { "http.route": route }),
        ...(operation === undefined ? undefined : { "kerf.operation": operation }),
      });
      ofMethod.set(status, series);
    }
    return series;
  }
}
