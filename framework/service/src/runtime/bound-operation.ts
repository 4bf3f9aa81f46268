import { type ErrorDeclarations, errorConstructors, type Operation } from "@kerf/contract";
import type { Logger } from "@kerf/telemetry";
import type { BoundService } from "./bound-service.ts";

/** One operation of a service in this process: everything that its calls share, made once. */
export class BoundOperation {
  readonly service: BoundService;
  readonly isCommand: boolean;
  readonly handler: (args: unknown) => unknown;
  readonly errors: Readonly<Record<string, unknown>>;
  readonly log: Logger;

  constructor(service: BoundService, name: string, operation: Operation) {
    this.service = service;
    this.isCommand = operation.kind === "command";
    this.handler = (service.service.handlers as Record<string, (args: unknown) => unknown>)[
      name
    ] as (args: unknown) => unknown;
    this.errors = errorConstructors(operation.errors as ErrorDeclarations);
    this.log = service.log.with({ operation: name });
  }
}
