import { Command } from "commander";
import type { ChangeOptions } from "../changes/run-change.ts";
import { examples } from "../examples.ts";
import { measureOption, withChangeOptions } from "./change-options.ts";

/** What moves of services take. */
interface MoveOptions extends ChangeOptions {
  watch: number;
}

/** `kerf cut`: a service gets a unit of its own. */
export function cutCommand(): Command {
  return examples(
    withChangeOptions(new Command("cut"))
      .summary("take a service out of its unit, while everything runs")
      .description(
        "Gives a service a unit of its own. Its new copies and those of the unit that it leaves are started beside what serves; when all are ready, " +
          "everyone is told at once, and the old copies finish what they have begun. Its data stays where it is. It holds for the next start too. Afterwards it is measured what calls take now, and " +
          "the report sets that beside the minute before.",
      )
      .argument("<service>", "the service")
      .option("--from <unit>", "the unit that it is in; refused when it is in another")
      .addOption(measureOption())
      .action(async (service: string, { from, ...options }: MoveOptions & { from?: string }) => {
        const { runChange } = await import("../changes/run-change.ts");
        await runChange(options, (client, asked) =>
          client.cut({
            ...asked,
            service,
            watchMs: options.watch * 1_000,
            ...(from === undefined ? undefined : { from }),
          }),
        );
      }),
    [
      ["kerf cut orders", "orders runs in a program of its own from now on"],
      ["kerf cut orders --from main --json", "for scripts"],
    ],
  );
}

/** `kerf join`: a service moves into another unit. */
export function joinCommand(): Command {
  return examples(
    withChangeOptions(new Command("join"))
      .summary("take a service into another unit, while everything runs")
      .description(
        "Moves a service into another unit, the way back of kerf cut. A unit that has no service left is ended once its copies have finished what they " +
          "had begun. It holds for the next start too.",
      )
      .argument("<service>", "the service")
      .argument("<unit>", "the unit that takes it in")
      .addOption(measureOption())
      .action(async (service: string, into: string, options: MoveOptions) => {
        const { runChange } = await import("../changes/run-change.ts");
        await runChange(options, (client, asked) =>
          client.join({ ...asked, service, into, watchMs: options.watch * 1_000 }),
        );
      }),
    [["kerf join orders main", "orders and main are one program again"]],
  );
}
