import { type Attributes, type Recorder, SpanTemplate } from "@kerf/telemetry";
import type { Trace } from "@kerf/kernel";

/** Methods by which requests are told apart; all others are `_OTHER`, as the semantic conventions have it. */
const methods: ReadonlySet<string> = new Set(
  "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY".split(" "),
);
/** A method as it is told: clients may send any. */
export function knownMethod(method = ""): string {
  return methods.has(method) ? method : "_OTHER";
}

/** Most pairs of method and route that are kept; routes come and go with configurations. */
const maxTemplates = 10_000;

/** A request that is over. */
export interface FinishedRequest {
  readonly trace: Trace;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly method: string | undefined;
  /** Template of the route that answered it, when there was one. */
  readonly route: string | undefined;
  /** `service.operation`. */
  readonly operation: string | undefined;
  readonly upstream: string | undefined;
  readonly status: number;
  /** Stable code of the error that it was answered with. */
  readonly code: string | undefined;
  /** Whether it counts as an error of ours. */
  readonly failed: boolean;
}

/** Records the spans of requests at an edge. */
export class RequestSpans {
  readonly #recorder: Recorder;
  readonly #service: string;
  readonly #templates = new Map<string, SpanTemplate<"request">>();

  /** @param service `gateway:NAME` */
  constructor(recorder: Recorder, service: string) {
    this.#recorder = recorder;
    this.#service = service;
  }

  /** Records one whose trace is recorded. */
  finished(request: FinishedRequest): void {
    const { code, endedAt, failed, startedAt, status, trace, upstream } = request;
    const attributes: Attributes = {
      "http.response.status_code": status,
      ...(upstream === undefined ? undefined : { "kerf.upstream": upstream }),
      ...(code === undefined ? undefined : { "error.type": code }),
    };
    const of = this.#templateOf(request);
    this.#recorder.record({ of, trace, startedAt, endedAt, failed, attributes });
  }

  #templateOf({ method, route, operation }: FinishedRequest): SpanTemplate<"request"> {
    const known = knownMethod(method);
    const key = `${known} ${route ?? ""} ${operation ?? ""}`;
    let template = this.#templates.get(key);
    if (template === undefined) {
      if (this.#templates.size >= maxTemplates) this.#templates.clear();
      const named = known === "_OTHER" ? "HTTP" : known;
      template = new SpanTemplate(
        "request",
        this.#service,
        route === undefined ? named : `${named} ${route}`,
        {
          "http.request.method": known,
          ...(route === undefined ? undefined : { "http.route": route }),
          ...(operation === undefined ? undefined : { "kerf.operation": operation }),
        },
      );
      this.#templates.set(key, template);
    }
    return template;
  }
}
