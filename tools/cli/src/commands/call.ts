import { Command, InvalidArgumentError } from "commander";
import { parseSpan } from "../call/time-span.ts";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf call` takes. */
export interface CallOptions {
  as?: string;
  deadline?: number;
  after?: string;
  home?: string;
  json?: true;
}

/** `kerf call`: calls an operation of a running service as an operator. */
export function callCommand(): Command {
  return examples(
    new Command("call")
      .summary("call an operation")
      .description(
        "Calls an operation of a running service as an operator and prints its answer. A stream prints one line an item " +
          "until it ends or until Ctrl-C. A declared error is printed on stderr and exits with 1.",
      )
      .argument("<operation>", "SERVICE.OPERATION")
      .argument("[input]", "its input as JSON; - reads it from stdin, @FILE from a file", "{}")
      .option("--as <user>", 'call on behalf of a user: a subject, or {"subject","claims"} as JSON')
      .option(
        "--deadline <time>",
        "how long it may take: 500ms, 2s, 1m (default: as the contract says)",
        deadline,
      )
      .option("--after <cursor>", "of a stream: resume after this cursor")
      .addOption(homeOption())
      .option("--json", "print the answer on one line, and errors as JSON")
      .action(async (operation: string, input: string, options: CallOptions) => {
        const { call } = await import("../call/call.ts");
        await call(operation, input, options);
      }),
    [
      [`kerf call catalog.get '{"sku":"A-1"}'`, "a query"],
      ["kerf call orders.place @order.json --as alice", "a command on behalf of a user"],
      [`echo '{"q":"lamp"}' | kerf call search.find - --json | jq .items`, "in a pipe"],
    ],
  );
}

function deadline(text: string): number {
  const ms = parseSpan(text);
  if (ms === undefined || ms < 1 || ms > 600_000)
    throw new InvalidArgumentError("It must be a time up to 10m, such as 500ms or 2s.");
  return ms;
}
