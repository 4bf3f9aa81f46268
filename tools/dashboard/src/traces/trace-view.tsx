import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import type { LogRecord, Span } from "@kerf/control-api";
import { clockTime, duration } from "../parts/format.ts";
import { Empty, Loaded } from "../parts/notice.tsx";
import { State } from "../parts/state.tsx";
import { VirtualLines } from "../parts/virtual-lines.tsx";
import { traceQuery } from "./trace-query.ts";
import { type Row, waterfall } from "./waterfall.ts";

interface Trace {
  readonly spans: readonly Span[];
  readonly logs: readonly LogRecord[];
  readonly truncated: boolean;
}

/** Every call, attempt, statement and handler of a trace on one time line, with what was said meanwhile. */
export function TraceView({ traceId }: { readonly traceId: string }): ReactNode {
  const trace = useQuery(traceQuery(traceId));
  return <Loaded query={trace}>{(found) => <Found trace={found} />}</Loaded>;
}

function Found({ trace: { logs, spans, truncated } }: { readonly trace: Trace }): ReactNode {
  const { durationMicros, from, rows } = useMemo(() => waterfall(spans, logs), [spans, logs]);
  const { span: chosen } = useSearch({ strict: false }) as { span?: string };
  const navigate = useNavigate();
  if (spans.length === 0) return <Empty>Nothing of this trace was kept.</Empty>;
  const choose = (span: string | undefined): void =>
    void navigate({
      to: ".",
      // Whatever else the page keeps there stays.
      search: ((before: Record<string, string>) => ({ ...before, span })) as never,
      replace: true,
    });
  const span = spans.find(({ spanId }) => spanId === chosen);
  return (
    <>
      <p className="faint" role="status">
        {spans.length} spans, {logs.length} log lines, {duration(durationMicros / 1_000)}, from{" "}
        {clockTime(from / 1_000)}
        {truncated ? "; there is more than can be shown" : ""}
      </p>
      <VirtualLines
        label="Waterfall"
        count={rows.length}
        follow={false}
        line={(at) => {
          const row = rows[at];
          return row === undefined ? null : (
            <RowView
              row={row}
              from={from}
              whole={durationMicros}
              chosen={chosen}
              onChoose={choose}
            />
          );
        }}
      />
      {span === undefined ? null : <SpanCard span={span} onClose={() => choose(undefined)} />}
    </>
  );
}

function RowView({
  chosen,
  from,
  onChoose,
  row,
  whole,
}: {
  readonly row: Row;
  readonly from: number;
  readonly whole: number;
  readonly chosen: string | undefined;
  readonly onChoose: (span: string) => void;
}): ReactNode {
  const indent = { paddingLeft: Math.min(row.depth, 24) * 12 };
  const left = (at: number): string => `${Math.max(0, (100 * (at - from)) / whole)}%`;
  if (row.kind === "log") {
    const { at, body, service, severity } = row.log;
    return (
      <div className={`waterfall said${severity >= 17 ? " failed" : ""}`}>
        <span className="name" style={indent} title={body}>
          ▪ {service}: {body}
        </span>
        <span className="track">
          <span className="tick" style={{ left: left(at) }} />
        </span>
      </div>
    );
  }
  if (row.kind === "event") {
    return (
      <div className="waterfall said">
        <span className="name" style={indent}>
          ◆ {row.name}
        </span>
        <span className="track">
          <span className="tick" style={{ left: left(row.at) }} />
        </span>
      </div>
    );
  }
  const { span } = row;
  const attempt = span.attributes["kerf.attempt"];
  return (
    <button
      type="button"
      data-row=""
      className={`waterfall${span.failed ? " failed" : ""}`}
      aria-pressed={span.spanId === chosen}
      onClick={() => onChoose(span.spanId)}
    >
      <span className="name" style={indent}>
        {span.failed ? "✕ " : ""}
        <strong>{span.service}</strong> {span.name}
        {typeof attempt === "number" && attempt > 1 ? ` (attempt ${attempt})` : ""}
      </span>
      <span className="track">
        <span
          className="bar"
          style={{
            left: left(span.startedAt),
            width: `max(2px, ${(100 * span.durationMicros) / whole}%)`,
          }}
        />
        <span className="took" style={{ left: left(span.startedAt) }}>
          {duration(span.durationMicros / 1_000)}
        </span>
      </span>
    </button>
  );
}

/** The traces that a span leads to: of a read, those of the events that it brought. */
function tracesLinkedFrom({ links }: Span): string[] {
  const ids = links.map((link) => (link as { traceId?: unknown } | null)?.traceId);
  return [...new Set(ids.filter((id) => typeof id === "string"))];
}

function SpanCard({
  onClose,
  span,
}: {
  readonly span: Span;
  readonly onClose: () => void;
}): ReactNode {
  const { attributes, failed, instance, message, name, release, service, spanId, unit } = span;
  return (
    <article className="card" aria-label={`Span ${spanId}`}>
      <header>
        <h2>
          {service} {name}
        </h2>
        <State state={failed ? "failed" : "done"} text={failed ? "failed" : "answered"} />
        <span>{duration(span.durationMicros / 1_000)}</span>
        <button type="button" className="quiet actions" onClick={onClose}>
          Close
        </button>
      </header>
      {message === undefined ? null : <p className="bad">{message}</p>}
      <dl>
        {Object.entries({ unit, release, instance, span: spanId, ...attributes })
          .filter(([, value]) => value !== undefined)
          .map(([key, value]) => [
            <dt key={key}>{key}</dt>,
            <dd key={`${key} value`}>
              <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>
            </dd>,
          ])}
        {tracesLinkedFrom(span).map((traceId) => [
          <dt key={traceId}>has to do with</dt>,
          <dd key={`${traceId} value`}>
            <Link to="/traces/$traceId" params={{ traceId }}>
              <code>{traceId}</code>
            </Link>
          </dd>,
        ])}
      </dl>
    </article>
  );
}
