import type { ServedArguments } from "@kerf/call";
import type { Reads, RedisPlace } from "@kerf/data";
import { type CallContext, type Clock, KerfError, type Principal } from "@kerf/kernel";
import type { Hidden, Logger } from "@kerf/telemetry";
import type { Compose } from "../declaration/compose.ts";
import type { InSpan, RawClient } from "../declaration/handlers.ts";
import type { Secrets } from "../declaration/settings.ts";
import type { TokenIssuer } from "../issuer.ts";
import type { BoundOperation } from "./bound-operation.ts";
import { CommandCall } from "./command-call.ts";
import { composeIn } from "./compose.ts";
import { readsOf } from "./reads-of.ts";

/**
 * What a handler is given. Every part is made when the handler asks for it: one small object a call, and what the handler does
 * not use costs nothing.
 */
export class CallArgs {
  readonly #operation: BoundOperation;
  readonly #call: ServedArguments;
  #data: CommandCall | Reads | undefined;
  #emit: unknown;

  constructor(operation: BoundOperation, call: ServedArguments) {
    this.#operation = operation;
    this.#call = call;
    this.#data = undefined;
    this.#emit = undefined;
  }

  /** The transaction of a command whose handler has asked for its database. */
  static commandOf(args: CallArgs): CommandCall | undefined {
    return args.#data instanceof CommandCall ? args.#data : undefined;
  }

  /** What is not written down of a call. */
  static hiddenOf(args: CallArgs): () => Hidden {
    return args.#operation.hidden(args.#call);
  }

  get input(): unknown {
    return this.#call.input;
  }

  get context(): CallContext {
    return this.#call.context;
  }

  get after(): string | undefined {
    return this.#call.after;
  }

  get db(): unknown {
    return this.#statements().db;
  }

  get raw(): RawClient {
    return this.#statements().raw;
  }

  get emit(): unknown {
    const { service } = this.#operation;
    if (service.events === undefined || !this.#operation.isCommand) {
      throw new KerfError("invalid_app", {
        message: `${service.name}.${this.#operation.name} cannot emit events.`,
        why: "Events leave with a command's transaction, and only those of the service's own contract.",
        fix: "Declare the event in the contract and a database in the service, and emit in a command.",
      });
    }
    return (this.#emit ??= service.events.emit(
      this.#statements() as CommandCall["transaction"],
      this.#call.context,
    ));
  }

  get start(): (saga: never, input: unknown) => string {
    const { isCommand, name, service } = this.#operation;
    const { sagas } = service;
    if (sagas === undefined || !isCommand) {
      throw new KerfError("invalid_app", {
        message: `${service.name}.${name} cannot start sagas.`,
        why: "A saga starts with a command's transaction, and only one that its own service declares.",
        fix: "Declare it with service.saga(…) and start it in a command.",
      });
    }
    const transaction = this.#statements() as CommandCall["transaction"];
    return (saga, input) => sagas.begin(transaction, this.#call.context, saga, input);
  }

  /** Asks for the end of a saga of the service, within the command's transaction. */
  get sagas(): { cancel(id: string, note?: string): Promise<void> } {
    const { isCommand, name, service } = this.#operation;
    if (!isCommand) {
      throw new KerfError("invalid_app", {
        message: `${service.name}.${name} cannot cancel sagas.`,
        why: "A saga is cancelled with a command's transaction.",
        fix: "Declare the operation as a command.",
      });
    }
    const transaction = this.#statements() as CommandCall["transaction"];
    return {
      cancel: (id, note) =>
        service.sagaOperations.cancel(id, { by: `${service.name}.${name}`, note }, transaction),
    };
  }

  get clients(): Readonly<Record<string, unknown>> {
    return this.#operation.service.clients(this.#call.context);
  }

  get compose(): Compose<any> {
    const { isCommand, log, name, service } = this.#operation;
    if (isCommand) {
      throw new KerfError("invalid_app", {
        message: `${service.name}.${name} is a command and cannot compose parts, some of which may be missing.`,
        why: "What a command changes is whole or not at all.",
        fix: "Compose in a query, and call services one by one in a command.",
      });
    }
    return composeIn(this.#call.context, (context) => service.clients(context), log);
  }

  get errors(): unknown {
    return this.#operation.errors;
  }

  get principal(): Principal | undefined {
    return this.#call.context.principal;
  }

  get log(): Logger {
    const log = this.#operation.log.in(this.#call.context.trace);
    return log.hiding(CallArgs.hiddenOf(this));
  }

  get span(): InSpan<any> {
    const { log, service } = this.#operation;
    return service.spanIn(this.#call.context, CallArgs.hiddenOf(this), log);
  }

  get clock(): Clock {
    return this.#operation.service.clock;
  }

  get signal(): AbortSignal {
    return this.#call.context.signal;
  }

  get issuer(): TokenIssuer {
    return this.#operation.service.issuer;
  }

  get config(): unknown {
    return this.#operation.service.settings.config;
  }

  get secrets(): Secrets {
    return this.#operation.service.settings.secrets;
  }

  get redis(): RedisPlace {
    return this.#operation.service.redis;
  }

  /** In a command its transaction, in queries and streams statements that read, each for itself. */
  #statements(): CommandCall["transaction"] | Reads {
    this.#data ??= this.#operation.isCommand
      ? new CommandCall(this.#operation, this.#call)
      : readsOf(this.#operation.service, this.#call.context);
    return this.#data instanceof CommandCall ? this.#data.transaction : this.#data;
  }
}
