import type { ProgressEvent } from "@kerf/control-api";
import { rolloutSteps } from "./rollout-steps.ts";

/** A step that began, in words, or that has ended. */
export interface UnderWay {
  readonly id: string;
  /** Absent when it has ended. */
  readonly text?: string;
}

/** Which step begins or ends with an event; undefined when it is about none. */
export function underWay(event: ProgressEvent): UnderWay | undefined {
  if (event.type !== "step" && event.type !== "rollout") return undefined;
  const id = event.type === "step" ? event.id : `${event.change} ${event.step}`;
  if (event.state !== "started") return { id };
  const what =
    event.type === "step"
      ? event.title
      : `${event.kind} ${event.title}: ${rolloutSteps[event.step].started}`;
  return { id, text: event.detail === undefined ? what : `${what}  ${event.detail}` };
}
