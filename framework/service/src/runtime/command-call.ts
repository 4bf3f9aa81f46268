import type { CommandTransaction } from "@kerf/data";
import type { CallContext, CancelWatcher } from "@kerf/kernel";
import type { BoundService } from "./bound-service.ts";

/**
 * The transaction around one command. Its handler decides whether there is one: it opens with the first statement. While it
 * is open, the context says so, and the call path refuses calls to other services.
 */
export class CommandCall implements CancelWatcher {
  readonly #bound: BoundService;
  readonly #context: CallContext;
  #transaction: CommandTransaction | undefined;
  #committing = false;

  constructor(bound: BoundService, context: CallContext) {
    this.#bound = bound;
    this.#context = context;
  }

  /** Made when the handler first asks for its database. */
  get transaction(): CommandTransaction {
    return (this.#transaction ??= this.#bound.database.transaction({
      deadline: this.#context.deadline,
      onOpen: () => {
        this.#context.transactionOpen = true;
        this.#context.watch(this);
      },
    }));
  }

  /**
   * Commits what the handler did. Throws why the call ended early instead when its caller has left or its time is over, and
   * an error with retry meaning `unknown` when the connection was lost during COMMIT.
   */
  async commit(): Promise<void> {
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    const reason = this.#context.cancelled;
    if (reason !== undefined) throw reason;
    this.#committing = true;
    await transaction.commit();
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

  #settled(): void {
    this.#context.unwatch(this);
    this.#context.transactionOpen = false;
  }
}
