import { contract, postgres, service } from "kerf";

const reminders = contract("reminders", { version: "1.0.0", operations: {} });

export const remindersService = service(reminders, {
  owner: "messaging-team",
  database: postgres<{ reminder: { sent_at: Date } }>({
    migrations: new URL("./migrations", import.meta.url),
  }),
});

remindersService.schedule(
  "remind",
  { cron: "0 9 * * 1-5", timeZone: "Europe/Berlin" },
  async ({ db, at }) => {
    await db.insertInto("reminder").values({ sent_at: at }).execute();
  },
);
