import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf promote` and `kerf abandon` take. */
export interface PromoteOptions {
  home?: string;
  json?: true;
}

/** `kerf promote`: a new release that is being watched is taken to be good. */
export function promoteCommand(): Command {
  return examples(
    withOptions(
      new Command("promote")
        .summary("end the watch of a new release: it takes all calls now")
        .description(
          "A deploy watches its new copies beside the old ones before it goes on. This ends the watch at once, in another terminal or from the dashboard: the new release takes " +
            "all calls, and the one before ends. kerf abandon is the other answer.",
        )
        .argument("<unit>", "the unit whose new release is watched"),
    ).action(async (unit: string, options: PromoteOptions) => {
      const { decide } = await import("../changes/decide.ts");
      await decide("promote", unit, options);
    }),
    [["kerf promote payments", "good enough: all calls from now on"]],
  );
}

/** `kerf abandon`: a new release that is being watched is not wanted. */
export function abandonCommand(): Command {
  return examples(
    withOptions(
      new Command("abandon")
        .summary("end the watch of a new release: it goes, and the one before serves on")
        .description(
          "Ends the watch of a deploy that is under way, and undoes it: the release before takes all calls again. What is finished goes back with kerf rollback.",
        )
        .argument("<unit>", "the unit whose new release is watched"),
    ).action(async (unit: string, options: PromoteOptions) => {
      const { decide } = await import("../changes/decide.ts");
      await decide("abandon", unit, options);
    }),
    [["kerf abandon payments", "the release before serves on"]],
  );
}

function withOptions(command: Command): Command {
  return command.addOption(homeOption()).option("--json", "print {change} as JSON");
}
