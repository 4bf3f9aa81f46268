import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { Explanation, Span } from "@kerf/control-api";
import type { ReactNode } from "react";
import { client } from "../api/client.ts";
import { Command } from "../parts/command.tsx";
import { clockTime, duration } from "../parts/format.ts";
import { Empty, Loaded } from "../parts/notice.tsx";
import { Search } from "../parts/search.tsx";
import { State } from "../parts/state.tsx";
import { word } from "../parts/word.ts";
import { TraceView } from "../traces/trace-view.tsx";
import { TableHead } from "../parts/table-head.tsx";

/** What is asked about while nothing is: the newest failure. */
const newest = "status:error";

/** Why a request, a saga or an order failed: one sentence, the way of the failure, and everything that the request led to. */
export function WhyPage(): ReactNode {
  const { of = newest } = useSearch({ strict: false }) as { of?: string };
  const navigate = useNavigate();
  const why = useQuery({
    queryKey: ["why", of],
    queryFn: ({ signal }) => client.why({ of }, { signal }),
    retry: false,
    // Its last spans may still be on their way.
    refetchInterval: ({ state }) =>
      state.dataUpdateCount + state.errorUpdateCount < 5 ? 2_000 : false,
  });
  return (
    <section>
      <header className="page">
        <h1>Why did this fail?</h1>
        <Search
          value={of === newest ? "" : of}
          label="An x-trace-id, an order's or a saga's id, or a search; the newest failure otherwise"
          onChange={(text) =>
            void navigate({ to: "/why", search: text === "" ? {} : { of: text }, replace: true })
          }
        />
      </header>
      <Command text={`kerf why ${word(of)}`} />
      <Loaded query={why}>{(told) => <Told told={told} />}</Loaded>
    </section>
  );
}

function Told({ told }: { readonly told: Explanation }): ReactNode {
  const { cause, change, failed, logs, path, saga, sentence, traceId } = told;
  return (
    <>
      <p className={failed ? "sentence bad" : "sentence"} role="status">
        {sentence}
      </p>
      {saga === undefined ? null : (
        <p>
          Saga <Link to="/sagas">{saga.name}</Link> of {saga.service} <State state={saga.state} />
          {saga.failure === undefined ? "" : `: ${saga.failure.message}`}
        </p>
      )}
      {change === undefined ? null : (
        <p>
          Last change there: {change.action} by {change.by} at {clockTime(change.at)},{" "}
          {change.result}. <Link to="/audit">All changes</Link>
        </p>
      )}
      {path.length === 0 ? null : <FailingPath path={path} cause={cause?.spanId} />}
      {logs.length === 0 ? null : (
        <>
          <h2>Logged on the way</h2>
          <ul className="said">
            {logs.map((log) => (
              <li key={`${log.at} ${log.spanId} ${log.body}`}>
                {clockTime(log.at / 1_000)} <strong>{log.service}</strong> {log.body}
              </li>
            ))}
          </ul>
        </>
      )}
      <h2>
        Everything that it led to{" "}
        <Link to="/traces/$traceId" params={{ traceId }}>
          on a page of its own
        </Link>
      </h2>
      {traceId === "" ? <Empty>Nothing was recorded.</Empty> : <TraceView traceId={traceId} />}
    </>
  );
}

function FailingPath({
  cause,
  path,
}: {
  readonly path: readonly Span[];
  readonly cause: string | undefined;
}): ReactNode {
  return (
    <>
      <h2>The way of the failure</h2>
      <table className="rows">
        <TableHead
          columns={["Service", "What it did", "How that ended", "Release", "Took"]}
          number={["Took"]}
        />
        <tbody>
          {path.map((span) => {
            const code = span.attributes["error.type"];
            return (
              <tr key={span.spanId}>
                <th scope="row">{span.service}</th>
                <td data-label="What it did">
                  {span.name}
                  {span.spanId === cause ? <strong> ← here it began</strong> : null}
                </td>
                <td data-label="How that ended">
                  {typeof code === "string" ? (
                    <State state="failed" text={code} />
                  ) : (
                    <State state="done" text="answered" />
                  )}
                </td>
                <td data-label="Release">{span.release ?? "–"}</td>
                <td data-label="Took" className="number">
                  {duration(span.durationMicros / 1_000)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
