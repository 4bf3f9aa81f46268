import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { AlertStatus } from "@kerf/control-api";
import { type ReactNode, useState } from "react";
import { alertsQuery } from "../api/queries.ts";
import { Command } from "../parts/command.tsx";
import { ago, clockTime } from "../parts/format.ts";
import { Empty, Loaded } from "../parts/notice.tsx";
import { moveRows } from "../parts/rows.ts";
import { State } from "../parts/state.tsx";
import { AcknowledgeWindow } from "./acknowledge.tsx";
import { AlertCard } from "./alert-card.tsx";
import { OnCall } from "./on-call.tsx";
import { Silences } from "./silences.tsx";
import { SilenceWindow, type Silenced } from "./silence-window.tsx";
import { TableHead } from "../parts/table-head.tsx";

/** What is promised and missed, what is kept quiet, and who is on call. */
export function AlertsPage(): ReactNode {
  const alerts = useQuery(alertsQuery);
  const { id } = useSearch({ strict: false }) as { id?: string };
  const navigate = useNavigate();
  const [silenced, setSilenced] = useState<Silenced>();
  const [acknowledged, setAcknowledged] = useState<AlertStatus>();
  const choose = (next: string | undefined): void =>
    void navigate({ to: "/alerts", search: { id: next } as never, replace: true });
  return (
    <section>
      <header className="page">
        <h1>Alerts</h1>
      </header>
      <Command text="kerf alerts" />
      <Loaded query={alerts}>
        {({ alerts: all, destinations, judgedAt, objectives, problem, silences }) => {
          const chosen = all.find((alert) => alert.id === id);
          const firing = all.filter(({ state }) => state === "firing");
          const over = all.filter(({ state }) => state === "resolved");
          return (
            <>
              <p className="faint">
                {problem === undefined
                  ? `${objectives} objectives${judgedAt === undefined ? ", not judged yet" : `, judged ${ago(judgedAt)}`}.`
                  : `Objectives are not judged now: ${problem}`}
                {destinations === 0 ? " Nobody is told (kerf alerts destinations add)." : ""}
              </p>
              {chosen === undefined ? null : (
                <AlertCard
                  alert={chosen}
                  onAcknowledge={() => setAcknowledged(chosen)}
                  onSilence={() => setSilenced(chosen)}
                  onClose={() => choose(undefined)}
                />
              )}
              {firing.length === 0 ? (
                <Empty>Every objective is met.</Empty>
              ) : (
                <Rows alerts={firing} onChoose={choose} />
              )}
              <Silences silences={silences} />
              <OnCall />
              {over.length === 0 ? null : (
                <>
                  <h2>Over</h2>
                  <Rows alerts={over} onChoose={choose} />
                </>
              )}
            </>
          );
        }}
      </Loaded>
      {silenced === undefined ? null : (
        <SilenceWindow of={silenced} onClose={() => setSilenced(undefined)} />
      )}
      {acknowledged === undefined ? null : (
        <AcknowledgeWindow alert={acknowledged} onClose={() => setAcknowledged(undefined)} />
      )}
    </section>
  );
}

function Rows({
  alerts,
  onChoose,
}: {
  readonly alerts: readonly AlertStatus[];
  readonly onChoose: (id: string) => void;
}): ReactNode {
  return (
    <table className="rows" onKeyDown={moveRows}>
      <TableHead columns={["Operation", "State", "Since", "Owner", "What"]} />
      <tbody>
        {alerts.map(({ id, operation, owner, sentence, service, silence, since, state }) => (
          <tr key={id} tabIndex={0}>
            <th scope="row">
              <button type="button" className="quiet" onClick={() => onChoose(id)}>
                {service}.{operation}
              </button>
            </th>
            <td data-label="State">
              <State state={state} text={silence === undefined ? state : `${state}, silenced`} />
            </td>
            <td data-label="Since" title={clockTime(since)}>
              {ago(since)}
            </td>
            <td data-label="Owner">{owner}</td>
            <td data-label="What">{sentence}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
