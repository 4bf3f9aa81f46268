import { bugs, errors, hang, slow } from "./instance-modes.ts";
import { kill, killPlatform } from "./kill.ts";
import { loseNetwork } from "./lose-network.ts";
import { pause } from "./pause.ts";
import type { Scenario } from "./scenario.ts";

/** Every scenario, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  hang,
  slow,
  errors,
  bugs,
  kill,
  pause,
  loseNetwork,
  killPlatform,
];
