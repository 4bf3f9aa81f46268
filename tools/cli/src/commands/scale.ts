import { Command } from "commander";
import type { ChangeOptions } from "../changes/run-change.ts";
import { examples } from "../examples.ts";
import { withChangeOptions } from "./change-options.ts";

/** What `kerf scale` takes beside what every change does. */
export interface ScaleOptions extends ChangeOptions {
  auto?: string;
  inFlight?: string;
  cpu?: string;
  lag?: string;
  idle?: string;
}

/** `kerf scale`: more or fewer copies. */
export function scaleCommand(): Command {
  return examples(
    withChangeOptions(new Command("scale"))
      .summary("run another number of copies of a unit, or as many as its load asks for")
      .description(
        "Starts copies of a unit until there are as many as wanted, or lets some of them finish what they have begun and end. With --auto the platform does " +
          "so by itself, by what the copies say of their load; what is named is for each copy, and of several the one that asks for most copies counts. " +
          "With 0 as the least the unit sleeps while nobody calls it and no event waits for it, and the first call waits until a copy is there. It holds for the next start too. " +
          "Copies of a gateway listen on one port, which needs Linux; a gateway never sleeps.",
      )
      .argument("<unit>", "the unit; a gateway as gateway:NAME")
      .argument("[copies]", "how many, from 1 to 100, whatever the load")
      .option("--auto <min..max>", "as many as its load asks for; off: as many as there are now")
      .option("--in-flight <calls>", "with --auto: calls in flight")
      .option("--cpu <share>", "with --auto: share of a core; 70% when nothing is named")
      .option("--lag <events>", "with --auto: events that wait")
      .option(
        "--idle <seconds>",
        "with --auto 0..: without anything to do before the last one goes; 60",
      )
      .action(async (unit: string, copies: string | undefined, options: ScaleOptions) => {
        const { scale } = await import("../changes/scale.ts");
        await scale(unit, copies, options);
      }),
    [
      ["kerf scale search 3", "three copies of search"],
      ["kerf scale search --auto 1..10 --in-flight 20", "one for every 20 calls in flight"],
      ["kerf scale search --auto 2..10 --cpu 60% --lag 1000", "by what asks for most"],
      ["kerf scale users --auto 0..3", "none while nobody calls it"],
      ["kerf scale search --auto off", "it stays at what it has now"],
      ["kerf scale gateway:web 2", "two copies of the gateway web, on one port"],
    ],
  );
}

/** `kerf restart`: the same, anew. */
export function restartCommand(): Command {
  return examples(
    withChangeOptions(new Command("restart"))
      .summary("start new copies of a unit in the place of those that run")
      .description(
        "Starts new copies of what runs beside those that serve. When all are ready everyone is told at once, and the old copies finish what they have begun. " +
          "When one does not get ready nothing is changed.",
      )
      .argument("<unit>", "the unit; a gateway as gateway:NAME")
      .action(async (unit: string, options: ChangeOptions) => {
        const { runChange } = await import("../changes/run-change.ts");
        await runChange(options, (client, asked) => client.restart({ ...asked, unit }));
      }),
    [["kerf restart orders", "every copy of orders is a new process"]],
  );
}
