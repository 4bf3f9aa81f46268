import type { Reads } from "@kerf/data";
import type { CallContext, Clock, Principal } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { RawClient } from "../declaration/handlers.ts";
import type { TokenIssuer } from "../issuer.ts";
import type { BoundService } from "./bound-service.ts";
import type { CommandCall } from "./command-call.ts";

/**
 * What a handler is given. Every part is made when the handler first asks for it: one object a call, whatever the handler
 * does not use costs nothing.
 */
export class CallArgs {
  readonly input: unknown;
  readonly context: CallContext;
  readonly after: string | undefined;
  readonly #bound: BoundService;
  readonly #operation: string;
  readonly #command: CommandCall | undefined;
  #reads: Reads | undefined;
  #clients: Readonly<Record<string, unknown>> | undefined;
  #log: Logger | undefined;

  constructor(
    bound: BoundService,
    operation: string,
    call: { input: unknown; context: CallContext; after?: string | undefined },
    command?: CommandCall,
  ) {
    this.input = call.input;
    this.context = call.context;
    this.after = call.after;
    this.#bound = bound;
    this.#operation = operation;
    this.#command = command;
  }

  get db(): unknown {
    return (this.#command?.transaction ?? this.#read()).db;
  }

  get raw(): RawClient {
    return (this.#command?.transaction ?? this.#read()).raw;
  }

  get clients(): Readonly<Record<string, unknown>> {
    return (this.#clients ??= this.#bound.clients(this.context));
  }

  get errors(): unknown {
    return this.#bound.errors[this.#operation];
  }

  get principal(): Principal | undefined {
    return this.context.principal;
  }

  get log(): Logger {
    return (this.#log ??= this.#bound.log
      .in(this.context.trace)
      .with({ operation: this.#operation }));
  }

  get clock(): Clock {
    return this.#bound.clock;
  }

  get signal(): AbortSignal {
    return this.context.signal;
  }

  get issuer(): TokenIssuer {
    return this.#bound.issuer;
  }

  #read(): Reads {
    return (this.#reads ??= this.#bound.database.reads({ deadline: this.context.deadline }));
  }
}
