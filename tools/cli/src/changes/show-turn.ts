import { setTimeout as wait } from "node:timers/promises";
import type { ChangeStatus } from "@kerf/control-api";
import type { Connection } from "../connection/connect.ts";
import { ago } from "../output/duration.ts";
import type { ProgressView } from "../output/progress-view.ts";
import { rolloutSteps } from "../output/rollout-steps.ts";
import type { Patience } from "./turn.ts";

/** Pause between two looks at the change that is waited for, milliseconds. */
const againMs = 500;

/** Waits for other changes and says for whom: who asked for it, what it does at the moment, and for how long we wait already. */
export function patienceShown(
  client: Pick<Connection["client"], "status">,
  view: ProgressView | undefined,
): Patience {
  let waited: { readonly change: ChangeStatus; readonly since: number } | undefined;
  const over = (): void => {
    if (waited === undefined) return;
    const { change, since } = waited;
    view?.event({ ...stepOf(change), state: "done", ms: performance.now() - since });
    waited = undefined;
  };
  return {
    pause: () => wait(againMs),
    underWay: async () => (await client.status({})).change,
    show(change) {
      if (change?.id !== waited?.change.id) over();
      if (change === undefined) return;
      if (waited === undefined) {
        const { at, by, kind, title } = change;
        view?.note(
          `Another change is under way for ${ago(at)}: ${kind} ${title}, by ${by}. Waiting until it has ended.`,
        );
        waited = { change, since: performance.now() };
      }
      view?.event({ ...stepOf(change), state: "started", ...doingOf(change) });
    },
  };
}

function stepOf({ id, kind, title }: ChangeStatus) {
  const time = new Date().toISOString();
  return { type: "step", id, title: `waiting for ${kind} ${title}`, sequence: 0, time } as const;
}

/** What the other change does at the moment; nothing between two steps. */
function doingOf({ detail, step }: ChangeStatus): { readonly detail?: string } {
  if (step === undefined) return {};
  const doing = rolloutSteps[step].started;
  return { detail: detail === undefined ? doing : `${doing}, ${detail}` };
}
