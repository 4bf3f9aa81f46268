import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf dashboard` takes. */
export interface DashboardOptions {
  home?: string;
  json?: true;
}

/** `kerf dashboard`: a link that signs in. */
export function dashboardCommand(): Command {
  return examples(
    new Command("dashboard")
      .summary("print a link to the dashboard that signs in once")
      .description(
        "Asks the platform for a link to its dashboard and prints it. The link signs in once, within five minutes, with the rights of the token that asked for it: " +
          "whoever opens it acts as you for twelve hours, or until he signs out. What is done there goes on record under your name.",
      )
      .addOption(homeOption())
      .option("--json", "print {url, expires} as JSON")
      .action(async (options: DashboardOptions) => {
        const { openDashboard } = await import("../connection/open-dashboard.ts");
        await openDashboard(options);
      }),
    [
      ["kerf dashboard", "open what it prints in a browser"],
      ["kerf dashboard --token-file ci.token", "with the rights of that token"],
    ],
  );
}
