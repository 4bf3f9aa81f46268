import { answers } from "./answers.ts";
import { atRest } from "./at-rest.ts";
import { counters } from "./counters.ts";
import { events } from "./events.ts";
import type { Invariant } from "./invariant.ts";
import { money } from "./money.ts";
import { orders } from "./orders.ts";
import { sagas } from "./sagas.ts";
import { search } from "./search.ts";
import { stock } from "./stock.ts";

/** Everything that must be true once the faults are over. */
export const invariants: readonly Invariant[] = [
  answers,
  orders,
  money,
  stock,
  sagas,
  counters,
  events,
  search,
  atRest,
];
