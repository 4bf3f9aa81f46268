import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf why` takes. */
export interface WhyOptions {
  home?: string;
  json?: true;
}

/** `kerf why`: one sentence for what went wrong. */
export function whyCommand(): Command {
  return examples(
    new Command("why")
      .summary("say why something failed")
      .description(
        "Says in one sentence where a failure began and what had been changed there, and shows the way from there to who noticed. Of a request, of a saga, of an order, or of the newest that fits a query.",
      )
      .argument(
        "<of>",
        "the x-trace-id of an answer, the id of a saga or of what it was started with, or a query as of kerf traces",
      )
      .addOption(homeOption())
      .option(
        "--json",
        "print it as JSON: {sentence, failed, fromLogs, cause, change, path, logs, traceId}",
      )
      .action(async (of: string, options: WhyOptions) => {
        const { explainFailure } = await import("../traces/explain-failure.ts");
        await explainFailure(of, options);
      }),
    [
      ["kerf why 4bf92f3577b34da6a3ce929d0e0e4736", "why this request failed"],
      ["kerf why 0190f0a4-7c5e-7d1b-b0a3-3c1d8d1f2a10", "why this order did"],
      ["kerf why 'status:error service:payments'", "the newest failure of payments"],
    ],
  );
}
