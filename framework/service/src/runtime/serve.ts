import {
  CheckedError,
  type ErrorCheck,
  readEvents,
  type ServedOperation,
  type ServedService,
} from "@kerf/call";
import type { Operation } from "@kerf/contract";
import type { RecordedAnswer } from "@kerf/data";
import { readEventsOperation } from "./event-log.ts";
import { BoundOperation } from "./bound-operation.ts";
import type { BoundService } from "./bound-service.ts";
import { CallArgs } from "./call-args.ts";
import type { CommandCall } from "./command-call.ts";
import { operate, operateOperation, serveActions } from "./operate.ts";

/** A service's handlers as the inbound half of the call path runs them. */
export function serve(bound: BoundService): ServedService {
  const { contract } = bound.service;
  const operations: Record<string, ServedOperation> = {};
  for (const [name, declared] of Object.entries(contract.operations as Record<string, Operation>)) {
    const operation = new BoundOperation(bound, name, declared);
    operations[name] = operation.isCommand ? serveCommand(operation) : serveReading(operation);
  }
  if (bound.service.database === undefined) return { contract, operations };
  operations[operate] = serveActions(bound.name, bound.operatorActions());
  const all = { ...contract.operations, [operate]: operateOperation };
  if (bound.events !== undefined) {
    operations[readEvents] = bound.events.served();
    all[readEvents] = readEventsOperation;
  }
  return { contract: { ...contract, operations: all }, operations };
}

/** A query or a stream: read-only statements, each for itself. */
function serveReading(operation: BoundOperation): ServedOperation {
  const { handler } = operation;
  return { run: (call) => handler(new CallArgs(operation, call)) };
}

/**
 * A command: one transaction. The order is handler, then output through its schema, then commit together with the record of the
 * answer, then the answer: an answer that breaks the contract must undo its effect, so the output is checked here and nowhere
 * else. A declared error undoes the effect and is recorded; any other failure leaves nothing behind.
 */
function serveCommand(operation: BoundOperation): ServedOperation {
  const { handler } = operation;
  return {
    checksAnswer: true,
    recorded: operation.service.service.recordsCommands,
    async run(call, check, checkError) {
      const args = new CallArgs(operation, call);
      try {
        const checked = check(await handler(args));
        const answer = checked instanceof Promise ? ((await checked) as unknown) : checked;
        const command = CallArgs.commandOf(args);
        if (command === undefined) return answer;
        // A handler may have caught what its first statement said.
        if (command.recorded !== undefined) return answerAgain(command.recorded);
        await command.commit(answer);
        return answer;
      } catch (thrown) {
        const command = CallArgs.commandOf(args);
        if (command?.recorded !== undefined) return answerAgain(command.recorded);
        const said = await undo(command, thrown, checkError);
        // What a handler throws after its transaction was taken away says less than why it was.
        throw call.context.cancelled ?? said;
      }
    },
  };
}

/** Undoes the effect of a command that failed, and answers what its caller is told. A declared error is recorded. */
async function undo(
  command: CommandCall | undefined,
  thrown: unknown,
  checkError: ErrorCheck,
): Promise<unknown> {
  try {
    const declared = await checkError(thrown);
    if (declared === undefined) return thrown;
    await command?.decline(declared);
    return declared;
  } catch (failure) {
    return failure;
  } finally {
    await command?.rollback();
  }
}

/** The first answer, given again. */
function answerAgain({ failed, answer }: RecordedAnswer): unknown {
  const said = JSON.parse(answer) as unknown;
  if (!failed) return said;
  const { code, message, data } = said as { code: string; message: string; data: unknown };
  throw new CheckedError(code, data, message);
}
