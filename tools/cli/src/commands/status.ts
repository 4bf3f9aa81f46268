import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf status` takes. */
export interface StatusOptions {
  home?: string;
  watch?: true;
  json?: true;
}

/** `kerf status`: what runs, where, and how it is. */
export function statusCommand(): Command {
  return examples(
    new Command("status")
      .summary("show what runs")
      .description("Shows what runs: gateways, units with their services and instances, databases.")
      .option("--watch", "go on showing it until Ctrl-C")
      .addOption(homeOption())
      .option("--json", "print it as JSON: {app, units, gateways, databases, platform, …}")
      .action(async (options: StatusOptions) => {
        const { showStatus } = await import("../connection/show-status.ts");
        await showStatus(options);
      }),
    [
      ["kerf status", "a picture of what runs"],
      ["kerf status --json", "the same for programs"],
      ["kerf status --watch", "again at every change"],
    ],
  );
}
