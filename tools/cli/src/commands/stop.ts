import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf stop` and `kerf start` take. */
export interface StopOptions {
  home?: string;
  json?: true;
}

/** `kerf stop`: a unit is taken away, to see what its callers do. */
export function stopCommand(): Command {
  return examples(
    new Command("stop")
      .summary("take a unit away, to see what its callers do (in development)")
      .description(
        "Ends all copies of a unit while everything else goes on, and starts none until kerf start, a restart or a change of it. For development: elsewhere it is " +
          "refused. kerf down stops everything.",
      )
      .argument("<unit>", "the unit")
      .addOption(homeOption())
      .option("--json", "print {instances} as JSON")
      .action(async (unit: string, options: StopOptions) => {
        const { stopUnit } = await import("../changes/stop-unit.ts");
        await stopUnit(unit, options);
      }),
    [["kerf stop recommendations", "the home page says what it lacks"]],
  );
}

/** `kerf start`: a unit that was stopped is there again. */
export function startCommand(): Command {
  return examples(
    new Command("start")
      .summary("bring back a unit that was stopped")
      .description(
        "Starts the copies of a unit that kerf stop has ended, and ends when they are ready.",
      )
      .argument("<unit>", "the unit")
      .addOption(homeOption())
      .option("--json", "print {instances} as JSON")
      .action(async (unit: string, options: StopOptions) => {
        const { startUnit } = await import("../changes/stop-unit.ts");
        await startUnit(unit, options);
      }),
    [["kerf start recommendations", "whole again"]],
  );
}
