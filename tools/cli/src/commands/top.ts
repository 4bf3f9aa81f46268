import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";
import { rowCount } from "./search-options.ts";

/** What `kerf top` takes. */
export interface TopOptions {
  window: number;
  once?: true;
  home?: string;
  json?: true;
}

/** `kerf top`: which operations are called most, and how that goes. */
export function topCommand(): Command {
  return examples(
    new Command("top")
      .summary("show the busiest operations, live")
      .description(
        "Shows the operations that were called within the last minute: how often, how many failed, and how long they took. On a terminal it goes on each second until Ctrl-C.",
      )
      .argument("[query]", "only these, such as 'service:orders'")
      .option("-w, --window <seconds>", "over how long a time", rowCount(86_400), 60)
      .option("--once", "print it once")
      .addOption(homeOption())
      .option("--json", "print it once as JSON: [{service, operation, ratePerSecond, p95Ms, …}]")
      .action(async (query: string | undefined, options: TopOptions) => {
        const { showTop } = await import("../top/show-top.ts");
        await showTop(query ?? "", options);
      }),
    [
      ["kerf top", "all operations, the busiest first"],
      ["kerf top service:orders --once", "those of one service, once"],
      [
        `kerf top --json | jq '.[] | select(.failureShare > 0.01)'`,
        "those of which more than one in a hundred fails",
      ],
    ],
  );
}
