import { type ReactNode, useState } from "react";
import { queries } from "../api/queries.ts";
import { Command } from "./command.tsx";
import { Problem } from "./notice.tsx";
import { State } from "./state.tsx";
import { Window } from "./window.tsx";

/** Something that can be done at once, without a plan of its own. */
export interface Deed {
  readonly title: string;
  /** What comes of it. */
  readonly effect: string;
  readonly command: string;
  /** What came of it, in words, if there is anything to say. */
  run(): Promise<string | void>;
}

/** Shows what a deed does and which command does the same, does it, and says what came of it. */
export function DeedWindow({
  children,
  deed,
  disabled = false,
  onClose,
}: {
  readonly deed: Deed;
  readonly onClose: () => void;
  /** Whether something is missing yet. */
  readonly disabled?: boolean;
  /** What has to be said first. */
  readonly children?: ReactNode;
}): ReactNode {
  const [state, setState] = useState<"asked" | "running" | { error: unknown } | { said: string }>(
    "asked",
  );
  const run = async (): Promise<void> => {
    setState("running");
    try {
      setState({ said: (await deed.run()) ?? "done" });
    } catch (error) {
      setState({ error });
    }
    await queries.invalidateQueries();
  };
  const isDone = typeof state === "object" && "said" in state;
  return (
    <Window title={deed.title} onClose={onClose}>
      <p>{deed.effect}</p>
      {isDone ? null : children}
      <Command text={deed.command} />
      <div aria-live="polite">
        {typeof state === "object" && "error" in state ? <Problem error={state.error} /> : null}
        {isDone ? (
          <p>
            <State state="done" text={state.said} />
          </p>
        ) : null}
      </div>
      <footer>
        {isDone ? (
          <button type="button" className="main" onClick={onClose}>
            Close
          </button>
        ) : (
          <button
            type="button"
            className="main"
            disabled={disabled || state === "running"}
            onClick={() => void run()}
          >
            {state === "running" ? "Under way …" : deed.title}
          </button>
        )}
      </footer>
    </Window>
  );
}
