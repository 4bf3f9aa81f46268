import { type Mode, modes } from "../app/cell.ts";
import type { Scenario } from "./scenario.ts";

/** One of three instances takes calls and answers none. Its connections hold, and it answers pings. */
export const hang = told("hang", "accepts every call and answers none", modes.hang);
/** One of three instances takes a hundred times as long. */
export const slow = told("slow", "takes 100 times as long", modes.slow);
/** One of three instances answers nothing but `unavailable`, at once. */
export const errors = told("errors", "answers nothing but errors, at once", modes.unavailable);
/**
 * One of three instances fails at every call with an exception that nobody expected (`internal`), which is never repeated: what fails until each of the four
 * callers has left it out, and when it comes back since it answers pings, fails for clients.
 */
export const bugs: Scenario = {
  ...told("bugs", "answers every call with an exception, which is not repeated", modes.bug),
  leastSuccess: 0.99,
};

function told(name: string, does: string, mode: Mode): Scenario {
  return {
    name,
    says: `one of three instances ${does}`,
    async strike(cluster) {
      const instance = cluster.instance("stock");
      cluster.tell("stock", instance, mode);
      return () => cluster.tell("stock", instance, modes.well);
    },
  };
}
