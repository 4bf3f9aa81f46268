import type { Scenario } from "../scenario.ts";
import { command } from "./command.ts";
import { drain } from "./drain.ts";
import { events } from "./events.ts";
import { nestedCommand } from "./nested-command.ts";
import { poison } from "./poison.ts";
import { saga } from "./saga.ts";
import { sagaUndo } from "./saga-undo.ts";
import { setup } from "./setup.ts";
import { takeover } from "./takeover.ts";
import { timer } from "./timer.ts";
import { upkeep } from "./upkeep.ts";

/** Every scenario; a new one is added here. */
export const scenarios: readonly Scenario[] = [
  command,
  nestedCommand,
  events,
  poison,
  saga,
  sagaUndo,
  timer,
  drain,
  takeover,
  upkeep,
  setup,
];
