import { KerfError, toKerfError } from "@kerf/kernel";
import { jsonValue } from "../json/raw-json.ts";
import type { LocalOperation, LocalServices } from "../local-services.ts";
import type { Incoming, Reply, Request, Transport } from "../transport.ts";

/** JSON there and back: what the other side of a wire would see. */
function throughJson(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}

function errorThroughJson(error: KerfError): KerfError {
  return KerfError.fromShape(throughJson(error.toShape()) as ReturnType<KerfError["toShape"]>);
}

function coded(incoming: Incoming): Incoming {
  return {
    service: incoming.service,
    operation: incoming.operation,
    input: throughJson(jsonValue(incoming.input)),
    context: incoming.context,
    after: incoming.after,
    trace: incoming.trace,
  };
}

/** An operation of this process as it would answer over a wire: every value goes through the codec. Checked mode only. */
export function throughCodec(operation: LocalOperation): LocalOperation {
  return {
    recorded: operation.recorded,
    serve(incoming: Incoming, reply: Reply): void {
      operation.serve(coded(incoming), {
        answered(value) {
          let copy: unknown;
          try {
            copy = throughJson(value);
          } catch (thrown) {
            reply.refused(toKerfError(thrown));
            return;
          }
          reply.answered(copy);
        },
        refused: (error) => reply.refused(errorThroughJson(error)),
      });
    },
    async *open(incoming: Incoming): AsyncGenerator<unknown> {
      try {
        for await (const item of operation.open(coded(incoming))) yield throughJson(item);
      } catch (thrown) {
        throw thrown instanceof KerfError ? errorThroughJson(thrown) : thrown;
      }
    },
  };
}

/** The way to a service in this process, as a transport: no connection, nothing to encode, nothing to lose. */
export class InProcessTransport implements Transport {
  readonly #services: LocalServices;
  readonly #checked: boolean;
  #inFlight = 0;
  #closed: KerfError | undefined;
  readonly #underWay = new Set<(reason: KerfError) => void>();
  readonly #listeners: ((reason: KerfError) => void)[] = [];

  constructor(services: LocalServices, options: { checked: boolean }) {
    this.#services = services;
    this.#checked = options.checked;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get usable(): boolean {
    return this.#closed === undefined;
  }

  call(request: Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const operation = this.#find(request);
      this.#inFlight++;
      const lose = (reason: KerfError): void => {
        request.context.cancel(reason);
        reject(reason);
      };
      const over = (): void => {
        this.#inFlight--;
        this.#underWay.delete(lose);
      };
      this.#underWay.add(lose);
      operation.serve(request, {
        answered: (value) => {
          over();
          resolve(value);
        },
        refused: (error) => {
          over();
          reject(error);
        },
      });
    });
  }

  async *stream(request: Request): AsyncGenerator<unknown> {
    const items = this.#find(request).open(request);
    this.#inFlight++;
    const lose = (reason: KerfError): void => request.context.cancel(reason);
    this.#underWay.add(lose);
    try {
      yield* items;
    } finally {
      this.#inFlight--;
      this.#underWay.delete(lose);
    }
  }

  async probe(): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed;
  }

  onUnusable(listener: (reason: KerfError) => void): void {
    if (this.#closed === undefined) this.#listeners.push(listener);
    else listener(this.#closed);
  }

  close(): void {
    if (this.#closed !== undefined) return;
    const reason = new KerfError(
      "connection_lost",
      "The way to the service was closed while the call was under way.",
    );
    this.#closed = new KerfError("unavailable", {
      message: "The way to the service is closed; the call was not executed.",
      retry: "not-executed",
    });
    for (const lose of this.#underWay) lose(reason);
    for (const listener of this.#listeners.splice(0)) listener(this.#closed);
  }

  #find(request: Request): LocalOperation {
    if (this.#closed !== undefined) throw this.#closed;
    const operation = this.#services.find(request.service, request.operation);
    return this.#checked ? throughCodec(operation) : operation;
  }
}
