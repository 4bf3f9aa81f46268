import { type ReactNode, useState } from "react";
import { runChange, useChanges } from "../api/changes.ts";
import { Command } from "../parts/command.tsx";
import { Problem } from "../parts/notice.tsx";
import { Window } from "../parts/window.tsx";
import type { Plan } from "./plan.ts";
import { Report, Steps } from "./steps.tsx";

/** A change: what it would do, then how it goes, then what came of it. Closed meanwhile, it goes on. */
export function ChangeWindow({
  children,
  onClose,
  plan,
}: {
  readonly plan: Plan | undefined;
  readonly onClose: () => void;
  /** What the plan is made from, where there is a choice. */
  readonly children?: ReactNode;
}): ReactNode {
  const [asked, setAsked] = useState<string>();
  const change = useChanges().find(({ id }) => id === asked);
  const title = change?.title ?? plan?.title ?? "Change";
  return (
    <Window title={title} onClose={onClose}>
      {asked === undefined ? (
        <>
          {children}
          {plan === undefined ? null : (
            <>
              <ul className="effects">
                {plan.effects.map((effect) => (
                  <li key={effect}>{effect}</li>
                ))}
              </ul>
              <Command text={plan.command} />
              <footer>
                <button
                  type="button"
                  className="main"
                  onClick={() => setAsked(runChange(plan.kind, plan.title, (id) => plan.ask(id)))}
                >
                  {plan.title}
                </button>
              </footer>
            </>
          )}
        </>
      ) : (
        <div aria-live="polite">
          <Steps steps={change?.steps ?? []} />
          {change?.outcome === undefined ? (
            <p className="faint">Under way. It goes on when this is closed.</p>
          ) : "error" in change.outcome ? (
            <Problem error={change.outcome.error} />
          ) : (
            <Report report={change.outcome.report} />
          )}
        </div>
      )}
    </Window>
  );
}
