import { safe, service } from "kerf";
import { rooms } from "../rooms/contract.ts";
import { agenda } from "./contract.ts";
import { freeTime } from "./free-time.ts";

const agendaService = service(agenda, {
  owner: "facilities",
  // Only the contract of rooms is known here. In one program the call is a function call, in two it crosses a socket.
  uses: { rooms },
});

agendaService.implement({
  async day({ input, clients, errors }) {
    // A declared error comes back as a value; everything else is thrown and handled by the platform.
    const { ok, value } = await safe(clients.rooms.bookings({ room: input.room, day: input.day }));
    if (!ok) throw errors.noRoom();
    const { bookings } = value;
    return {
      room: input.room,
      booked: bookings.map(({ from, to, title }) => ({ from, to, title })),
      free: freeTime({ from: `${input.day}T08:00:00Z`, to: `${input.day}T18:00:00Z` }, bookings),
    };
  },
});

export default agendaService;
