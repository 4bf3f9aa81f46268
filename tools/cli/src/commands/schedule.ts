import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What every command on schedules takes. */
export interface ScheduleOptions {
  home?: string;
  json?: true;
}

/** `kerf schedule`: what services do at given times. */
export function scheduleCommand(): Command {
  return new Command("schedule")
    .summary("look at schedules, and have one done now")
    .description("Works with what services do at given times.")
    .helpCommand(false)
    .addCommand(
      examples(
        new Command("ls")
          .summary("list schedules")
          .description(
            "Lists what services do at given times: when it is due next, when it was done last, and why it fails.",
          )
          .addOption(homeOption())
          .option(
            "--json",
            "print them as JSON: [{service, name, cron, timeZone, nextAt, doneAt, …}]",
          )
          .action(async (options: ScheduleOptions) => {
            const { listSchedules } = await import("../schedules/list.ts");
            await listSchedules(options);
          }),
        [["kerf schedule ls", "all of them"]],
      ),
    )
    .addCommand(
      examples(
        new Command("run")
          .summary("have one done now")
          .description("Has a schedule done now, beside its times, which stay as they are.")
          .argument("<service>", "whose schedule")
          .argument("<name>", "its name")
          .addOption(homeOption())
          .option("--json", "print {} when it is done")
          .action(async (service: string, name: string, options: ScheduleOptions) => {
            const { runSchedule } = await import("../schedules/run.ts");
            await runSchedule(service, name, options);
          }),
        [["kerf schedule run orders reconcile-payments", "now"]],
      ),
    );
}
