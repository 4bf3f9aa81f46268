import { Command, InvalidArgumentError } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";
import { timeOption } from "./search-options.ts";

/** What `kerf logs` takes. */
export interface LogsOptions {
  follow?: true;
  lines: number;
  since?: number;
  home?: string;
  json?: true;
}

/** `kerf logs`: what services, gateways, servers and the platform wrote. */
export function logsCommand(): Command {
  return examples(
    new Command("logs")
      .summary("show what was logged")
      .description(
        "Shows what services, gateways, database servers and the platform wrote into their logs: the end of one log, or the lines that a query finds in all of them. docs/guides/observability.md says how a query is written.",
      )
      .argument(
        "[what]",
        "a service, a unit, gateway:NAME, postgres:NAME, platform or telemetry (default: all); or a query, such as 'level:>=warn service:orders' or '\"card declined\"'",
      )
      .option("-f, --follow", "go on with what is written from now on, until Ctrl-C")
      .option("-n, --lines <number>", "how many of the last lines to begin with", lineCount, 100)
      .addOption(timeOption())
      .addOption(homeOption())
      .option("--json", "print each line as a JSON object")
      .action(async (what: string | undefined, options: LogsOptions) => {
        const query = queryIn(what, options);
        if (query !== undefined) {
          const { searchLogs } = await import("../logs/search-logs.ts");
          return searchLogs(query, options);
        }
        const { showLogs } = await import("../logs/show-logs.ts");
        await showLogs(what, options);
      }),
    [
      ["kerf logs", "the last 100 lines of everything"],
      ["kerf logs orders -f", "what orders writes, as it writes it"],
      ["kerf logs 'level:>=warn' -f", "what goes wrong anywhere, as it does"],
      ["kerf logs '@orderId:7 \"card declined\"' --since 2h", "lines with a field and a text"],
      [`kerf logs --json | jq 'select(.level == "error")'`, "errors only"],
    ],
  );
}

/**
 * The query, when the store is to be asked; undefined for the end of a log. Names are no queries: those have a blank, a quotation mark, a sign, or a field
 * that is no kind of log.
 */
function queryIn(what: string | undefined, { since }: LogsOptions): string | undefined {
  const isName = what === undefined || /^(?:(?:gateway|postgres):)?[\w.-]+$/.test(what);
  if (!isName) return what;
  if (since === undefined) return undefined;
  return what === undefined ? "" : `service:"${what}" OR unit:"${what}"`;
}

function lineCount(text: string): number {
  const count = Number(text);
  if (!/^\d{1,5}$/.test(text) || count > 10_000)
    throw new InvalidArgumentError("It must be a whole number up to 10000.");
  return count;
}
