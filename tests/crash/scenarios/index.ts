import type { Scenario } from "../scenario.ts";
import { hasBroker } from "../points.ts";
import { command } from "./command.ts";
import { drain } from "./drain.ts";
import { events } from "./events.ts";
import { inspect } from "./inspect.ts";
import { lostAnswer } from "./lost-answer.ts";
import { nestedCommand } from "./nested-command.ts";
import { parked } from "./parked.ts";
import { poison } from "./poison.ts";
import { relay } from "./relay.ts";
import { readModel, readModelLate, readModelTakeover } from "./read-model.ts";
import { reconciliation } from "./reconciliation.ts";
import { replay } from "./replay.ts";
import { saga } from "./saga.ts";
import { sagaCancel } from "./saga-cancel.ts";
import { sagaStuck } from "./saga-stuck.ts";
import { sagaUndo } from "./saga-undo.ts";
import { sagaWait } from "./saga-wait.ts";
import { schedule } from "./schedule.ts";
import { setup, setupSpare } from "./setup.ts";
import { takeover } from "./takeover.ts";
import { timer } from "./timer.ts";
import { upkeep } from "./upkeep.ts";

const everywhere: readonly Scenario[] = [
  command,
  nestedCommand,
  events,
  poison,
  parked,
  replay,
  inspect,
  readModel,
  readModelTakeover,
  readModelLate,
  saga,
  sagaUndo,
  sagaWait,
  sagaCancel,
  sagaStuck,
  lostAnswer,
  timer,
  schedule,
  reconciliation,
  drain,
  takeover,
  upkeep,
  setup,
  setupSpare,
];
const withBroker: readonly Scenario[] = [relay];

/** Every scenario that this machine can run; a new one is added above. */
export const scenarios: readonly Scenario[] = hasBroker
  ? [...everywhere, ...withBroker]
  : everywhere;
