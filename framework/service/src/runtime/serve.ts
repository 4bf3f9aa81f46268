import type { ServedOperation, ServedService } from "@kerf/call";
import type { Operation } from "@kerf/contract";
import { BoundOperation } from "./bound-operation.ts";
import type { BoundService } from "./bound-service.ts";
import { CallArgs } from "./call-args.ts";

/** A service's handlers as the inbound half of the call path runs them. */
export function serve(bound: BoundService): ServedService {
  const { contract } = bound.service;
  const operations: Record<string, ServedOperation> = {};
  for (const [name, declared] of Object.entries(contract.operations as Record<string, Operation>)) {
    const operation = new BoundOperation(bound, name, declared);
    operations[name] = operation.isCommand ? serveCommand(operation) : serveReading(operation);
  }
  return { contract, operations };
}

/** A query or a stream: read-only statements, each for itself. */
function serveReading(operation: BoundOperation): ServedOperation {
  const { handler } = operation;
  return { run: (call) => handler(new CallArgs(operation, call)) };
}

/**
 * A command: one transaction. The order is handler, then output through its schema, then commit, then the answer: an answer
 * that breaks the contract must undo its effect, so the output is checked here and nowhere else.
 */
function serveCommand(operation: BoundOperation): ServedOperation {
  const { handler } = operation;
  return {
    checksAnswer: true,
    async run(call, check) {
      const args = new CallArgs(operation, call);
      try {
        const checked = check(await handler(args));
        const answer = checked instanceof Promise ? ((await checked) as unknown) : checked;
        const command = CallArgs.commandOf(args);
        if (command !== undefined) await command.commit();
        return answer;
      } catch (thrown) {
        await CallArgs.commandOf(args)?.rollback();
        // What a handler throws after its transaction was taken away says less than why it was.
        throw call.context.cancelled ?? thrown;
      }
    },
  };
}
