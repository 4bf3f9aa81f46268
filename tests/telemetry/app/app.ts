// Two services that keep what is nobody's business: one is told it in commands and starts a saga with it, the other one follows its events. Whatever they do with it
// goes wrong in every way in which errors and logs could quote it; and one part of it calls a foreign program, through instrumentation that knows nothing of Kerf.
import { app, gateway } from "kerf";
import { letters } from "./letters/contract.ts";
import { people } from "./people/contract.ts";

export default app("private", {
  services: {
    people: () => import("./people/service.ts"),
    letters: () => import("./letters/service.ts"),
  },
  gateways: { web: gateway({ expose: [people, letters] }) },
});
