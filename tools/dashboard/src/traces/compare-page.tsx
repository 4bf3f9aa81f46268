import type { TraceSummary } from "@kerf/control-api";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { client } from "../api/client.ts";
import { clockTime, duration } from "../parts/format.ts";
import { Empty, Loaded } from "../parts/notice.tsx";
import { VirtualLines } from "../parts/virtual-lines.tsx";
import { align, type Pair } from "./align.ts";
import { Differences } from "./differences.tsx";
import { traceQuery } from "./trace-query.ts";

/** Others of its kind that a trace can be held against. */
const mostOthers = 50;
/** Spans arrive seconds after what they tell of: while there is no other trace, how often another look is taken, milliseconds. */
const anotherLookMs = 2_000;

/** A trace beside another one of its kind: one that failed beside one that did not, as long as nobody chooses. */
export function ComparePage(): ReactNode {
  const { of = "", with: chosen } = useSearch({ strict: false }) as { of?: string; with?: string };
  const navigate = useNavigate();
  const others = useQuery({
    queryKey: ["others", of],
    queryFn: ({ signal }) => othersLike(of, signal),
    refetchInterval: ({ state }) => (state.data?.candidates.length === 0 ? anotherLookMs : false),
  });
  return (
    <section>
      <header className="page">
        <h1>Two traces</h1>
      </header>
      <Loaded query={others}>
        {({ candidates, own }) => {
          const other =
            chosen ??
            (candidates.find(({ failed }) => failed !== own?.failed) ?? candidates[0])?.traceId;
          if (other === undefined)
            return <Empty>No other trace of the last 24 hours begins as this one does.</Empty>;
          return (
            <>
              <p>
                <TraceLink traceId={of} summary={own} /> beside{" "}
                <select
                  aria-label="Beside"
                  value={other}
                  onChange={({ target }) =>
                    void navigate({
                      to: "/compare",
                      search: { of, with: target.value },
                      replace: true,
                    })
                  }
                >
                  {candidates.some(({ traceId }) => traceId === other) ? null : (
                    <option value={other}>{other}</option>
                  )}
                  {candidates.map((each) => (
                    <option key={each.traceId} value={each.traceId}>
                      {told(each)}
                    </option>
                  ))}
                </select>{" "}
                <TraceLink traceId={other} summary={undefined} />
              </p>
              <TwoTraces one={of} other={other} />
              <Differences query={`trace:${of}`} against={`trace:${other}`} />
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

/** The trace itself, and others whose first work has the same name, the newest first. */
async function othersLike(
  traceId: string,
  signal: AbortSignal,
): Promise<{ own: TraceSummary | undefined; candidates: readonly TraceSummary[] }> {
  const { traces: found } = await client.traces(
    { query: `trace:${traceId}`, limit: 1 },
    { signal },
  );
  const [own] = found;
  if (own === undefined) return { own, candidates: [] };
  const name = own.name.replaceAll(/["*\\]/g, "*");
  const { traces } = await client.traces(
    { query: `root:true service:"${own.service}" name:"${name}"`, limit: mostOthers },
    { signal },
  );
  return { own, candidates: traces.filter((each) => each.traceId !== traceId) };
}

function told({ durationMicros, errorType, failed, startedAt }: TraceSummary): string {
  const how = failed ? (errorType ?? "failed") : "answered";
  return `${how} · ${duration(durationMicros / 1_000)} · ${clockTime(startedAt / 1_000)}`;
}

function TraceLink({
  summary,
  traceId,
}: {
  readonly traceId: string;
  readonly summary: TraceSummary | undefined;
}): ReactNode {
  return (
    <Link to="/traces/$traceId" params={{ traceId }}>
      {summary === undefined
        ? traceId.slice(0, 8)
        : `${summary.service} ${summary.name} (${told(summary)})`}
    </Link>
  );
}

function TwoTraces({ one, other }: { readonly one: string; readonly other: string }): ReactNode {
  const first = useQuery(traceQuery(one));
  const second = useQuery(traceQuery(other));
  const both = useMemo(() => {
    if (first.data === undefined || second.data === undefined) return undefined;
    const pairs = align(first.data.spans, second.data.spans);
    const starts = [first.data.spans, second.data.spans].map((spans) =>
      spans.reduce((least, { startedAt }) => Math.min(least, startedAt), Number.POSITIVE_INFINITY),
    ) as [number, number];
    const longest = pairs.reduce(
      (most, pair) => Math.max(most, endOf(pair.one, starts[0]), endOf(pair.other, starts[1])),
      1,
    );
    return { pairs, starts, longest };
  }, [first.data, second.data]);
  return (
    <Loaded query={{ data: both, error: first.error ?? second.error }}>
      {({ longest, pairs, starts }) => {
        const onlyOne = pairs.filter((pair) => pair.other === undefined).length;
        const onlyOther = pairs.filter((pair) => pair.one === undefined).length;
        return (
          <>
            <p className="faint" role="status">
              {pairs.length - onlyOne - onlyOther} pieces of work in both, {onlyOne} only in the
              first, {onlyOther} only in the second
            </p>
            <VirtualLines
              label="Two waterfalls"
              count={pairs.length}
              follow={false}
              line={(at) => {
                const pair = pairs[at];
                return pair === undefined ? null : (
                  <PairRow pair={pair} starts={starts} longest={longest} />
                );
              }}
            />
          </>
        );
      }}
    </Loaded>
  );
}

function endOf(span: Pair["one"], start: number): number {
  return span === undefined ? 0 : span.startedAt + span.durationMicros - start;
}

/** Both bars on one scale, each from where its own trace began; the first above the second. */
function PairRow({
  longest,
  pair,
  starts,
}: {
  readonly pair: Pair;
  readonly starts: readonly [number, number];
  readonly longest: number;
}): ReactNode {
  const { depth, name, one, other, service } = pair;
  const bar = (span: Pair["one"], start: number, kind: string): ReactNode =>
    span === undefined ? null : (
      <span
        className={`bar ${kind}${span.failed ? " failed" : ""}`}
        style={{
          left: `${Math.max(0, (100 * (span.startedAt - start)) / longest)}%`,
          width: `max(2px, ${(100 * span.durationMicros) / longest}%)`,
        }}
      />
    );
  return (
    <div className={`waterfall pair${one?.failed === true ? " failed" : ""}`} data-row="">
      <span className="name" style={{ paddingLeft: Math.min(depth, 24) * 12 }}>
        {one?.failed === true ? "✕ " : ""}
        <strong>{service}</strong> {name}
      </span>
      <span className="track">
        {bar(one, starts[0], "first")}
        {bar(other, starts[1], "second")}
      </span>
      <span className="number">{differenceOf(pair)}</span>
    </div>
  );
}

function differenceOf({ one, other }: Pair): ReactNode {
  if (other === undefined) return <strong>only in the first</strong>;
  if (one === undefined) return <strong>only in the second</strong>;
  const ms = (one.durationMicros - other.durationMicros) / 1_000;
  const text = `${ms < 0 ? "−" : "+"}${duration(Math.abs(ms))}`;
  return Math.abs(ms) < 0.05 ? (
    "="
  ) : ms > other.durationMicros / 1_000 ? (
    <strong>{text}</strong>
  ) : (
    text
  );
}
