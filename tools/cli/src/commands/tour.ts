import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf tour` takes. */
export interface TourOptions {
  act?: string[];
  app?: string;
  home?: string;
  json?: true;
}

/** `kerf tour`: what there is to see, shown and checked on the shop. */
export function tourCommand(): Command {
  return examples(
    new Command("tour")
      .summary("walk through the live shop in two minutes")
      .description(
        "Shows on the example shop what the platform does, act by act, each with the commands to repeat it, and checks what clients saw meanwhile. " +
          "It joins a shop that runs; where none does it starts one with a state of its own and ends it afterwards. What an act changes is put back, also when it " +
          "fails and at Ctrl-C; accounts and orders stay. It refuses to run in production. Exits with 1 when an act failed.",
      )
      .option(
        "--act <name>",
        "only this act; may be given several times (default: all)",
        (name: string, names: string[] | undefined) => [...(names ?? []), name],
      )
      .option(
        "--app <file>",
        "the shop to start when none runs (default: examples/shop/app.ts here or above)",
      )
      .addOption(homeOption())
      .option("--json", "print it as JSON: {shop, acts: [{name, outcome, ms, …}], passed, failed}")
      .action(async (options: TourOptions) => {
        const { tour } = await import("../tour/tour.ts");
        process.exitCode = await tour(options);
      }),
    [
      ["kerf tour", "everything, in two minutes"],
      ["kerf tour --act declined --act trace", "two acts of it"],
      ["kerf tour --json", "as a test of whether everything works"],
    ],
  );
}
