import type { ServedOperation, ServedService } from "@kerf/call";
import type { Operation } from "@kerf/contract";
import type { BoundService } from "./bound-service.ts";
import { CallArgs } from "./call-args.ts";
import { CommandCall } from "./command-call.ts";

type AnyHandler = (args: unknown) => unknown;

/** A service's handlers as the inbound half of the call path runs them. */
export function serve(bound: BoundService): ServedService {
  const { contract, handlers } = bound.service;
  const operations: Record<string, ServedOperation> = {};
  for (const [name, operation] of Object.entries(
    contract.operations as Record<string, Operation>,
  )) {
    const handler = (handlers as Record<string, AnyHandler>)[name] as AnyHandler;
    operations[name] =
      operation.kind === "command"
        ? serveCommand(bound, name, handler)
        : serveReading(bound, name, handler);
  }
  return { contract, operations };
}

/** A query or a stream: read-only statements, each for itself. */
function serveReading(bound: BoundService, name: string, handler: AnyHandler): ServedOperation {
  return { run: (call) => handler(new CallArgs(bound, name, call)) };
}

/**
 * A command: one transaction. The order is handler, then output through its schema, then commit, then the answer: an answer
 * that breaks the contract must undo its effect, so the output is checked here and nowhere else.
 */
function serveCommand(bound: BoundService, name: string, handler: AnyHandler): ServedOperation {
  return {
    checksAnswer: true,
    async run(call, check) {
      const command = new CommandCall(bound, call.context);
      try {
        const answer = await check(await handler(new CallArgs(bound, name, call, command)));
        await command.commit();
        return answer;
      } catch (thrown) {
        await command.rollback();
        // What a handler throws after its transaction was taken away says less than why it was.
        throw call.context.cancelled ?? thrown;
      }
    },
  };
}
