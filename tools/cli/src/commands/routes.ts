import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf routes` takes. */
export interface RoutesOptions {
  home?: string;
  json?: true;
}

/** `kerf routes`: where the requests of clients go. */
export function routesCommand(): Command {
  return examples(
    new Command("routes")
      .summary("show where the requests of clients go")
      .description(
        "Shows the routes of each gateway: what answers, who may ask, and the limits that count it.",
      )
      .argument("[gateway]", "one gateway; all of them without it")
      .addOption(homeOption())
      .option("--json", "print it as JSON: [{gateway, method, path, to, access, limits}]")
      .action(async (gateway: string | undefined, options: RoutesOptions) => {
        const { showRoutes } = await import("../connection/show-routes.ts");
        await showRoutes(gateway, options);
      }),
    [
      ["kerf routes web", "the routes of the gateway web"],
      [`kerf routes --json | jq '.[] | select(.access == "public")'`, "what anybody may ask"],
    ],
  );
}
