import type { CallOptions } from "../commands/call.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { untilInterrupted } from "../connection/until-interrupted.ts";
import { printJson } from "../output/json.ts";
import { readInput, readPrincipal } from "./call-input.ts";
import { findOperation, type NamedOperation } from "./operation-name.ts";

/** Calls one operation and prints its answer, or its items as they come. */
export async function call(name: string, given: string, options: CallOptions): Promise<void> {
  const input = await readInput(given);
  await withPlatform(options, async (connection) => {
    const { contracts } = await connection.client.contracts({});
    const operation = findOperation(name, contracts);
    if (operation.description.kind === "stream")
      return printStream(connection, operation, input, options);
    const { output } = await connection.client.invoke({
      service: operation.service,
      operation: operation.operation,
      input: input as never,
      ...(options.as === undefined ? undefined : { as: readPrincipal(options.as) as never }),
      ...(options.deadline === undefined ? undefined : { deadlineMs: options.deadline }),
    });
    if (options.json === true) printJson(output ?? null);
    else process.stdout.write(`${JSON.stringify(output ?? null, null, 2)}\n`);
  });
}

async function printStream(
  { client }: Connection,
  { service, operation }: NamedOperation,
  input: unknown,
  options: CallOptions,
): Promise<void> {
  await untilInterrupted(async (signal) => {
    const items = client.invokeStream(
      {
        service,
        operation,
        input: JSON.stringify(input),
        ...(options.as === undefined
          ? undefined
          : { as: JSON.stringify(readPrincipal(options.as)) }),
        ...(options.after === undefined ? undefined : { after: options.after }),
      },
      {
        signal,
        ...(options.deadline === undefined ? undefined : { deadlineMs: options.deadline }),
      },
    );
    for await (const { item } of items) printJson(item);
  });
}
