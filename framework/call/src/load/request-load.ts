import { LatencyHistogram } from "./latency-histogram.ts";
import type { LoadSource, OperationLoad } from "./load-source.ts";

/** How a request ended. */
export interface RequestEnd {
  /** The operation, or the declared path that something else answers: as many as are declared. Undefined where nothing answers. */
  readonly name: string | undefined;
  readonly durationMs: number;
  /** Answered as our fault. */
  readonly failed: boolean;
  /** It was a stream, and had been begun. */
  readonly stream: boolean;
}

/** What a front door counts of its requests. */
export class RequestLoad implements LoadSource {
  readonly #operations = new Map<string, Counted>();
  inFlight = 0;
  streams = 0;

  /** A request came. */
  entered(): void {
    this.inFlight++;
  }

  /** It became a stream. */
  opened(): void {
    this.inFlight--;
    this.streams++;
  }

  left({ name, durationMs, failed, stream }: RequestEnd): void {
    if (stream) this.streams--;
    else this.inFlight--;
    if (name === undefined) return;
    let operation = this.#operations.get(name);
    if (operation === undefined) {
      operation = new Counted(name);
      this.#operations.set(name, operation);
    }
    operation.calls++;
    if (failed) operation.failed++;
    if (!stream) operation.latency.record(durationMs);
  }

  operations(): Iterable<OperationLoad> {
    return this.#operations.values();
  }
}

class Counted implements OperationLoad {
  readonly name: string;
  readonly latency = new LatencyHistogram();
  calls = 0;
  failed = 0;

  constructor(name: string) {
    this.name = name;
  }
}
