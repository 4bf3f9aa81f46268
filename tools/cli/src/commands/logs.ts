import { Command, InvalidArgumentError } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf logs` takes. */
export interface LogsOptions {
  follow?: true;
  lines: number;
  home?: string;
  json?: true;
}

/** `kerf logs`: what services, gateways, servers and the platform wrote. */
export function logsCommand(): Command {
  return examples(
    new Command("logs")
      .summary("show what was logged")
      .description(
        "Shows what services, gateways, database servers and the platform wrote into their logs.",
      )
      .argument(
        "[service]",
        "a service, a unit, gateway:NAME, postgres:NAME or platform (default: all)",
      )
      .option("-f, --follow", "go on with what is written from now on, until Ctrl-C")
      .option("-n, --lines <number>", "how many of the last lines to begin with", lineCount, 100)
      .addOption(homeOption())
      .option("--json", "print each line as a JSON object")
      .action(async (service: string | undefined, options: LogsOptions) => {
        const { showLogs } = await import("../logs/show-logs.ts");
        await showLogs(service, options);
      }),
    [
      ["kerf logs", "the last 100 lines of everything"],
      ["kerf logs orders -f", "what orders writes, as it writes it"],
      [`kerf logs --json | jq 'select(.level == "error")'`, "errors only"],
    ],
  );
}

function lineCount(text: string): number {
  const count = Number(text);
  if (!/^\d{1,5}$/.test(text) || count > 10_000)
    throw new InvalidArgumentError("It must be a whole number up to 10000.");
  return count;
}
