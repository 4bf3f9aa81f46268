import type { Fault } from "./fault.ts";
import { cutPower } from "./cut-power.ts";
import { killGateway, pauseGateway } from "./gateway.ts";
import { killPlatform } from "./kill-platform.ts";
import { killAllCopies, killUnit } from "./kill-unit.ts";
import { pauseUnit, pauseUnitUnwatched } from "./pause-unit.ts";
import { stutterUnit } from "./stutter-unit.ts";
import {
  crashBackend,
  cutConnections,
  killPostgres,
  silenceConnections,
  stopPostgres,
} from "./postgres.ts";

/** Every fault, as often as it is to come up: what meets single requests more often than what stops everything. */
export const faults: readonly Fault[] = [
  killUnit,
  killUnit,
  killUnit,
  killAllCopies,
  pauseUnit,
  pauseUnitUnwatched,
  stutterUnit,
  stutterUnit,
  stutterUnit,
  killGateway,
  pauseGateway,
  killPlatform,
  stopPostgres,
  killPostgres,
  crashBackend,
  cutConnections,
  cutConnections,
  silenceConnections,
  cutPower,
];
