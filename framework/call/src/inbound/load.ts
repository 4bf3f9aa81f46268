import { isPlatforms } from "../may-call.ts";
import type { LoadSource, OperationLoad } from "../load/load-source.ts";
import type { LoadShedding } from "../policies/load-shedding.ts";
import type { InboundOperation } from "./operation.ts";

/** What the callee's half counts anyway, as a program tells it to the platform. */
export class InboundLoad implements LoadSource {
  readonly #shedding: LoadShedding;
  readonly #operations: readonly OperationLoad[];
  readonly #streams: readonly InboundOperation[];

  constructor(served: readonly InboundOperation[], shedding: LoadShedding) {
    // Readers of the platform wait for news: no load, and no call of anybody.
    const authors = served.filter(({ operation }) => !isPlatforms(operation));
    this.#shedding = shedding;
    this.#streams = authors.filter(({ kind }) => kind === "stream");
    this.#operations = authors.map((operation) => new Counted(operation));
  }

  get inFlight(): number {
    return this.#shedding.inFlight;
  }

  get streams(): number {
    return this.#streams.reduce((open, operation) => open + operation.open, 0);
  }

  operations(): Iterable<OperationLoad> {
    return this.#operations;
  }
}

class Counted implements OperationLoad {
  readonly name: string;
  readonly latency: InboundOperation["latency"];
  readonly #operation: InboundOperation;

  constructor(operation: InboundOperation) {
    this.name = operation.name;
    this.latency = operation.latency;
    this.#operation = operation;
  }

  get calls(): number {
    return this.#operation.counters.calls;
  }

  get failed(): number {
    return this.#operation.faults;
  }
}
