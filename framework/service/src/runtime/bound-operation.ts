import type { ServedArguments } from "@kerf/call";
import {
  type ErrorDeclarations,
  errorConstructors,
  type Operation,
  type Schema,
  sensitiveFields,
} from "@kerf/contract";
import type { Hidden, Logger } from "@kerf/telemetry";
import type { BoundService } from "./bound-service.ts";
import { handlerInScope } from "./in-scope.ts";

/** One operation of a service in this process: everything that its calls share, made once. */
export class BoundOperation {
  readonly service: BoundService;
  readonly name: string;
  readonly isCommand: boolean;
  /** Whether the contract declares errors: then the effect of a command may be undone while its answer is kept. */
  readonly mayDecline: boolean;
  readonly handler: (args: unknown) => unknown;
  readonly errors: Readonly<Record<string, unknown>>;
  readonly log: Logger;
  readonly #input: Schema;

  constructor(service: BoundService, name: string, operation: Operation) {
    this.service = service;
    this.name = name;
    this.mayDecline = Object.keys(operation.errors as ErrorDeclarations).length > 0;
    this.isCommand = operation.kind === "command";
    const handlers = service.service.handlers as Record<string, (args: unknown) => unknown>;
    const handler = handlers[name] as (args: unknown) => unknown;
    this.handler = handlerInScope(service, handler, operation.kind === "stream");
    this.errors = errorConstructors(operation.errors as ErrorDeclarations);
    this.log = service.log.with({ operation: name });
    this.#input = operation.input;
  }

  /** What is not written down of one of its calls. */
  hidden({ input }: ServedArguments): () => Hidden {
    return this.service.hiding(() => sensitiveFields(this.#input, "input"), input);
  }
}
