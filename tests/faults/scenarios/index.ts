import { bugs, errors, hang, slow } from "./instance-modes.ts";
import { kill, killPlatform } from "./kill.ts";
import { loseNetwork } from "./lose-network.ts";
import { pause } from "./pause.ts";
import type { Scenario } from "./scenario.ts";
import {
  telemetryFull,
  telemetryGone,
  telemetryNowhere,
  telemetrySlow,
  telemetryStopped,
} from "./telemetry.ts";

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
  telemetryGone,
  telemetryStopped,
  telemetryFull,
  telemetrySlow,
  telemetryNowhere,
];

/** Several at once, by the beginning of their names. */
export const groups: readonly string[] = ["telemetry"];
