import type { CheckedError, ServedArguments } from "@kerf/call";
import { clientKeyPrefix } from "@kerf/call";
import {
  type CommandClaim,
  type CommandTransaction,
  claimOf,
  type RecordedAnswer,
} from "@kerf/data";
import type { CancelWatcher } from "@kerf/kernel";
import type { BoundOperation } from "./bound-operation.ts";

/**
 * The transaction around one command. Its handler decides whether there is one: it opens with the first statement, and claims the
 * call's idempotency key there. While it is open, the context says so, and the call path refuses calls to other services.
 */
export class CommandCall implements CancelWatcher {
  readonly #operation: BoundOperation;
  readonly #call: ServedArguments;
  #transaction: CommandTransaction | undefined;
  #committing = false;

  constructor(operation: BoundOperation, call: ServedArguments) {
    this.#operation = operation;
    this.#call = call;
  }

  /** Made when the handler first asks for its database. */
  get transaction(): CommandTransaction {
    const { context } = this.#call;
    return (this.#transaction ??= this.#operation.service.database.transaction({
      deadline: context.deadline,
      claim: this.#claim(),
      trace: context.sampled ? context.trace : undefined,
      counted: true,
      onOpen: () => {
        context.transactionOpen = true;
        context.watch(this);
      },
    }));
  }

  /** The first answer, when this command was done before under its key. */
  get recorded(): RecordedAnswer | undefined {
    return this.#transaction?.recorded;
  }

  /**
   * Commits what the handler did together with its answer. Throws why the call ended early instead when its caller has left
   * or its time is over, and an error with retry meaning `unknown` when the connection was lost during COMMIT.
   */
  async commit(answer: unknown): Promise<void> {
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    this.#assertGoesOn();
    transaction.record({ failed: false, answer: JSON.stringify(answer) ?? "null" });
    this.#committing = true;
    await transaction.commit();
    this.#settled();
  }

  /** Undoes what the handler did and keeps the declared error as the command's answer. */
  async decline({ code, message, data }: CheckedError): Promise<void> {
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    this.#assertGoesOn();
    this.#committing = true;
    await transaction.decline({ failed: true, answer: JSON.stringify({ code, message, data }) });
    this.#settled();
  }

  /** Undoes what the handler did; nothing when it was committed. Never rejects. */
  async rollback(): Promise<void> {
    if (this.#transaction === undefined) return;
    await this.#transaction.rollback();
    this.#settled();
  }

  /** The caller left, or the time is over: gives locks and connection back at once, without waiting for the handler. */
  onCancelled(): void {
    // Once COMMIT is sent, its own answer says what became of it. A rollback never rejects.
    if (!this.#committing) void this.#transaction?.rollback();
  }

  /** Without a key the caller does not mean to send it twice. */
  #claim(): CommandClaim | undefined {
    const { context, received } = this.#call;
    const key = context.idempotencyKey;
    if (key === undefined) return undefined;
    const { name, service, mayDecline } = this.#operation;
    return claimOf(
      {
        service: service.name,
        operation: name,
        principal: context.principal?.subject ?? "",
        key,
      },
      received,
      // People are told that it is under way; programs wait for its answer.
      { wait: !key.startsWith(clientKeyPrefix), mayDecline },
    );
  }

  #assertGoesOn(): void {
    const reason = this.#call.context.cancelled;
    if (reason !== undefined) throw reason;
  }

  #settled(): void {
    this.#call.context.unwatch(this);
    this.#call.context.transactionOpen = false;
  }
}
