import type { ScheduleOptions } from "../commands/schedule.ts";
import { withPlatform } from "../connection/connect.ts";
import { operate } from "../connection/operate.ts";
import { printJson } from "../output/json.ts";

/** Has a schedule done now. */
export function runSchedule(
  service: string,
  name: string,
  options: ScheduleOptions,
): Promise<void> {
  return withPlatform(options, async (connection) => {
    await operate(connection, service, "schedules.run", { name });
    if (options.json === true) printJson({});
    else process.stdout.write(`${service}.${name} was done.\n`);
  });
}
