import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf down` takes. */
export interface DownOptions {
  home?: string;
  json?: true;
}

/** `kerf down`: stops what `kerf up` started. */
export function downCommand(): Command {
  return examples(
    new Command("down")
      .summary("stop what kerf up started")
      .description(
        "Stops everything in order (gateways, units, databases, the platform) and waits until it has ended. " +
          "The data stays, in volumes of Docker too, which it names. Without a platform, stops what one that was killed left running.",
      )
      .addOption(homeOption())
      .option("--json", "print {home, stopped, volumes} as JSON")
      .action(async (options: DownOptions) => {
        const { down } = await import("../background/down.ts");
        await down(options);
      }),
    [
      ["kerf down", "stops the app of this folder"],
      ["kerf down --home /var/lib/shop", "the one that keeps its state there"],
    ],
  );
}
