import { service } from "@kerf/service";
import { diary } from "./contracts.ts";
import { database, owner } from "./declared.ts";

/** Once a year: what is due of it in a run was missed long ago. */
export const yearly = "0 0 1 1 *";
/** Every second. */
export const secondly = "* * * * * *";

/** Schedules of every policy, those that come late, and one that cannot be done. */
export const diaryService = service(diary, { owner, database: database("diary") });
diaryService.implement({});
for (const [schedule, times] of [
  ["each", { cron: secondly, missed: "all" }],
  ["newest", { cron: yearly, missed: "once" }],
  ["none", { cron: yearly, missed: "skip" }],
] as const) {
  diaryService.schedule(schedule, times, async ({ at, raw, emit }) => {
    await raw.query("insert into public.tick (schedule, at) values ($1, $2)", [schedule, at]);
    for (const half of [1, 2]) emit.ticked({ schedule, at: at.toISOString(), half });
  });
}
for (const schedule of ["failing", "doomed"]) {
  diaryService.schedule(schedule, { cron: yearly }, async ({ at, raw }) => {
    await raw.query("insert into public.tick (schedule, at) values ($1, $2)", [schedule, at]);
    throw new TypeError("a bug in the schedule");
  });
}
