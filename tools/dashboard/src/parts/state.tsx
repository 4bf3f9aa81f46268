import type { ReactNode } from "react";

/** How a state is told beside its colour: by its sign and its word. */
const signs: Readonly<Record<string, readonly [sign: string, tone: string]>> = {
  ready: ["●", "good"],
  completed: ["●", "good"],
  done: ["✓", "good"],
  go: ["✓", "good"],
  starting: ["◐", "busy"],
  started: ["◐", "busy"],
  running: ["◐", "busy"],
  draining: ["◑", "busy"],
  undoing: ["◑", "busy"],
  restarting: ["▲", "warn"],
  stuck: ["▲", "bad"],
  firing: ["▲", "bad"],
  resolved: ["✓", "good"],
  crashed: ["✕", "bad"],
  failed: ["✕", "bad"],
  "no-go": ["✕", "bad"],
  stopped: ["■", "warn"],
  asleep: ["○", "calm"],
};

/** A state: sign, colour and word. */
export function State({
  state,
  text,
}: {
  readonly state: string;
  readonly text?: string;
}): ReactNode {
  const [sign, tone] = signs[state] ?? ["○", "calm"];
  return (
    <span className={`state ${tone}`}>
      <span aria-hidden="true">{sign}</span> {text ?? state}
    </span>
  );
}
