import type { ScheduleOptions } from "../commands/schedule.ts";
import { withPlatform } from "../connection/connect.ts";
import { declaredServices, operate } from "../connection/operate.ts";
import { thoseThatAnswer } from "../connection/those-that-answer.ts";
import { printJson } from "../output/json.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";

interface Listed {
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly nextAt: string;
  readonly doneAt: string | null;
  readonly givenUpAt: string | null;
  readonly failures: number;
  readonly problem: string | null;
}

/** Prints the schedules of all services. */
export function listSchedules(options: ScheduleOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const services = (await declaredServices(connection)).filter(
      ({ schedules }) => (schedules ?? []).length > 0,
    );
    const names = services.map(({ name }) => name);
    const found = await thoseThatAnswer(names, async (service) =>
      (await operate<Listed[]>(connection, service, "schedules.list")).map((each) => ({
        service,
        ...each,
      })),
    );
    const all = found.flat();
    if (options.json === true) return printJson(all);
    if (all.length === 0) return void process.stdout.write("No service declares a schedule.\n");
    const rows = all.map(({ service, name, cron, timeZone, nextAt, doneAt, problem }) => [
      `${service}.${name}`,
      cron,
      timeZone,
      nextAt.slice(0, 19),
      doneAt?.slice(0, 19) ?? "–",
      printable(problem?.split("\n")[0] ?? ""),
    ]);
    const titles = ["SCHEDULE", "CRON", "ZONE", "NEXT", "DONE", "PROBLEM"];
    process.stdout.write(
      `${table(
        titles.map((title) => ({ title })),
        rows,
      )}\n`,
    );
  });
}
