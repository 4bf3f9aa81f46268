import { claimOf, type CommandTransaction, type ServiceDatabase } from "@kerf/data";
import { type Clock, DeclaredError, KerfError } from "@kerf/kernel";

/** What a command ended with. */
export type CommandAnswer =
  | { readonly ok: unknown }
  | { readonly declined: { readonly code: string; readonly data: unknown } };

/** How long a command may take, milliseconds. */
const deadlineMs = 5_000;

/** A command as it came in. */
export interface IncomingCommand {
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
  readonly key: string;
  readonly signal: AbortSignal;
  /** Broken on purpose: the answer leaves before the commit. */
  readonly answersEarly: boolean;
}

/**
 * Runs a command as `framework/service/src/runtime/serve.ts` does: one transaction with a claimed key, committed with its record; a
 * declared error undoes the effect and keeps the record; a caller that has gone takes the transaction with it.
 */
export async function runCommand(
  database: ServiceDatabase,
  clock: Clock,
  command: IncomingCommand,
  work: (transaction: CommandTransaction) => Promise<unknown>,
): Promise<CommandAnswer> {
  const { service, operation, input, key, signal } = command;
  const transaction = database.transaction({
    deadline: clock.now() + deadlineMs,
    claim: claimOf({ service, operation, principal: "", key }, input, {
      wait: true,
      mayDecline: true,
    }),
  });
  let committing = false;
  const cancel = (): void => {
    if (!committing) void transaction.rollback();
  };
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const answer = await work(transaction);
    if (transaction.recorded !== undefined) return again(transaction);
    assertGoesOn(signal);
    transaction.record({ failed: false, answer: JSON.stringify(answer) });
    committing = true;
    const committed = transaction.commit();
    if (command.answersEarly) committed.catch(() => undefined);
    else await committed;
    return { ok: answer };
  } catch (thrown) {
    if (transaction.recorded !== undefined) return again(transaction);
    if (!(thrown instanceof DeclaredError)) throw thrown;
    assertGoesOn(signal);
    const { code, data } = thrown as { code: string; data: unknown };
    committing = true;
    await transaction.decline({ failed: true, answer: JSON.stringify({ code, data }) });
    return { declined: { code, data } };
  } finally {
    signal.removeEventListener("abort", cancel);
    if (!(committing && command.answersEarly)) await transaction.rollback();
  }
}

function again({ recorded }: CommandTransaction): CommandAnswer {
  const { failed, answer } = recorded as { failed: boolean; answer: string };
  return failed ? { declined: JSON.parse(answer) } : { ok: JSON.parse(answer) };
}

function assertGoesOn(signal: AbortSignal): void {
  if (signal.aborted) throw new KerfError("cancelled", "The caller has gone.");
}
