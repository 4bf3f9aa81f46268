import { postgres, service } from "kerf";
import { rooms } from "./contract.ts";
import type { Tables } from "./tables.generated.ts";

const roomsService = service(rooms, {
  owner: "facilities",
  database: postgres<Tables>({ migrations: new URL("./migrations", import.meta.url) }),
});

roomsService.implement({
  async list({ db }) {
    return {
      rooms: await db.selectFrom("rooms").select(["name", "seats"]).orderBy("name").execute(),
    };
  },

  // `db` is the command's one transaction: what is thrown from here on is undone.
  async book({ input, db, errors }) {
    // The room's row is locked, so that two bookings of one room follow one another.
    const room = await db
      .selectFrom("rooms")
      .select("name")
      .where("name", "=", input.room)
      .forUpdate()
      .executeTakeFirst();
    if (room === undefined) throw errors.noRoom();

    const from = new Date(input.from);
    const to = new Date(input.to);
    const other = await db
      .selectFrom("bookings")
      .select(["starts_at", "ends_at"])
      .where("room", "=", input.room)
      .where("starts_at", "<", to)
      .where("ends_at", ">", from)
      .executeTakeFirst();
    if (other !== undefined) {
      throw errors.taken({ from: other.starts_at.toISOString(), to: other.ends_at.toISOString() });
    }

    const row = await db
      .insertInto("bookings")
      .values({ room: input.room, starts_at: from, ends_at: to, title: input.title })
      .returningAll()
      .executeTakeFirstOrThrow();
    return booking(row);
  },

  async bookings({ input, db, errors }) {
    const room = await db
      .selectFrom("rooms")
      .select("name")
      .where("name", "=", input.room)
      .executeTakeFirst();
    if (room === undefined) throw errors.noRoom();
    const start = new Date(`${input.day}T00:00:00Z`);
    const end = new Date(start.getTime() + 86_400_000);
    const rows = await db
      .selectFrom("bookings")
      .selectAll()
      .where("room", "=", input.room)
      .where("starts_at", "<", end)
      .where("ends_at", ">", start)
      .orderBy("starts_at")
      .execute();
    return { bookings: rows.map(booking) };
  },
});

function booking(row: { id: string; room: string; starts_at: Date; ends_at: Date; title: string }) {
  return {
    id: row.id,
    room: row.room,
    from: row.starts_at.toISOString(),
    to: row.ends_at.toISOString(),
    title: row.title,
  };
}

export default roomsService;
