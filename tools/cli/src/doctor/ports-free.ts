import { portIsFree } from "../launcher/ports.ts";
import { readRunning } from "./running.ts";
import type { Check } from "./check.ts";

/** The ports that `kerf dev` listens on are free, or taken by the app that runs from this folder of state. */
export const portsFree: Check = {
  id: "ports",
  title: "Ports",
  run: async ({ ports, home }) => {
    const running = readRunning(home);
    if (running !== undefined)
      return { state: "ok", detail: `the app that runs here answers at ${running.url}` };
    const free = await Promise.all(ports.map(portIsFree));
    const taken = ports.filter((_, index) => free[index] === false);
    return taken.length === 0
      ? { state: "ok", detail: `${ports.join(" and ")} are free` }
      : {
          state: "failed",
          detail: `${taken.join(" and ")} ${taken.length === 1 ? "is" : "are"} taken by another program`,
          fix: "Stop that program, or choose others: kerf dev --port N --platform-port N (PORT, KERF_PLATFORM_PORT).",
        };
  },
};
