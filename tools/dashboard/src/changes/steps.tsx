import type { ChangeReport } from "@kerf/control-api";
import type { ReactNode } from "react";
import type { Step } from "../api/changes.ts";
import { bytes, duration } from "../parts/format.ts";
import { State } from "../parts/state.tsx";

/** The steps of a change as they stand. */
export function Steps({ steps }: { readonly steps: readonly Step[] }): ReactNode {
  return (
    <ol className="steps">
      {steps.map(({ detail, ms, name, state }) => (
        <li key={name}>
          <State state={state} text={name} />
          <span className="faint">{detail}</span>
          <span className="number">{ms === undefined ? "" : duration(ms)}</span>
        </li>
      ))}
    </ol>
  );
}

/** What a change cost or saved. */
export function Report({ report }: { readonly report: ChangeReport }): ReactNode {
  const { findings, forced, memoryBytes, ms, nowInProcess, nowOverNetwork, processes } = report;
  return (
    <div className="report">
      <p>
        <State state="done" text={`done after ${duration(ms)}`} />
      </p>
      <dl>
        <dt>Processes</dt>
        <dd>
          {processes.before} → {processes.after}
        </dd>
        <dt>Memory</dt>
        <dd>
          {bytes(memoryBytes.before)} → {bytes(memoryBytes.after)}
        </dd>
        {nowOverNetwork.length === 0 ? null : (
          <>
            <dt>Now over the network</dt>
            <dd>{nowOverNetwork.join(", ")}</dd>
          </>
        )}
        {nowInProcess.length === 0 ? null : (
          <>
            <dt>Now in one program</dt>
            <dd>{nowInProcess.join(", ")}</dd>
          </>
        )}
        {forced === undefined ? null : (
          <>
            <dt>Ended by force</dt>
            <dd>{forced.map(({ instance }) => instance).join(", ")}</dd>
          </>
        )}
      </dl>
      {findings.map(({ message }) => (
        <p key={message}>{message}</p>
      ))}
    </div>
  );
}
