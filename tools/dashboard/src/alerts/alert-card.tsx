import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { AlertStatus } from "@kerf/control-api";
import type { ReactNode } from "react";
import { client } from "../api/client.ts";
import { auditQuery } from "../api/queries.ts";
import { Chart } from "../metrics/chart.tsx";
import { ago, clockTime } from "../parts/format.ts";
import { State } from "../parts/state.tsx";

/** An alert in full: how fast its budget is spent, what was changed, and what shows it. */
export function AlertCard({
  alert,
  onAcknowledge,
  onClose,
  onSilence,
}: {
  readonly alert: AlertStatus;
  readonly onAcknowledge: () => void;
  readonly onClose: () => void;
  readonly onSilence: () => void;
}): ReactNode {
  const { acknowledged, change, id, operation, owner, resolvedAt, runbook, service } = alert;
  const { sentence, since, state, told, traces } = alert;
  const navigate = useNavigate();
  const audit = useQuery(auditQuery);
  const burn = useQuery({
    queryKey: ["alert-burn", id],
    refetchInterval: 5_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => client.alertBurn({ id }, { signal }),
  });
  const marks = (audit.data ?? [])
    .filter((entry) => entry.service === service || entry.action === "deploy")
    .map(({ action, at }) => ({ at: Date.parse(at), text: action }));
  return (
    <article className="card" aria-label={`Alert ${service}.${operation}`}>
      <header>
        <h2>
          {service}.{operation}
        </h2>
        <State state={state} />
        <span className="actions">
          {state === "firing" ? (
            <>
              <button type="button" onClick={onAcknowledge}>
                Acknowledge
              </button>
              <button type="button" onClick={onSilence}>
                Silence
              </button>
            </>
          ) : null}
          <button type="button" className="quiet" onClick={onClose}>
            Close
          </button>
        </span>
      </header>
      <p>{sentence}</p>
      <p className="faint">
        Since {clockTime(since)}
        {resolvedAt === undefined ? "" : `, over since ${clockTime(resolvedAt)}`} · {owner}
        {runbook === undefined ? null : (
          <>
            {" · "}
            <a href={runbook} target="_blank" rel="noreferrer">
              runbook
            </a>
          </>
        )}
        {told.length === 0 ? "" : ` · told to ${told.join(", ")}`}
        {acknowledged === undefined
          ? ""
          : ` · ${acknowledged.by} takes care of it since ${ago(acknowledged.at)}${acknowledged.note === undefined ? "" : `: ${acknowledged.note}`}`}
      </p>
      {change === undefined ? null : <p>Last change: {change}.</p>}
      {burn.data === undefined ? null : (
        <Chart
          title="How many times faster than allowed its budget is spent; somebody is told from the faint line on"
          times={burn.data.points.map(({ at }) => at)}
          lines={[
            { label: "burn rate", values: burn.data.points.map((point) => point.burn) },
            { label: "told from", values: burn.data.points.map(() => burn.data.threshold) },
          ]}
          dots={[]}
          marks={marks}
          valueText={(value) => `${Number(value.toFixed(1))} ×`}
          onDot={(traceId) => void navigate({ to: "/traces/$traceId", params: { traceId } })}
        />
      )}
      <p>
        {traces.map((traceId) => (
          <span key={traceId}>
            <Link to="/traces/$traceId" params={{ traceId }}>
              <code>{traceId.slice(0, 8)}</code>
            </Link>{" "}
            <Link to="/why" search={{ of: traceId }}>
              why?
            </Link>{" "}
          </span>
        ))}
        <Link to="/metrics" search={{ of: service }}>
          Metrics of {service}
        </Link>
      </p>
    </article>
  );
}
