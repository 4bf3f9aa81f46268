import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { client } from "../api/client.ts";
import { Command } from "../parts/command.tsx";
import { clockTime, duration } from "../parts/format.ts";
import { Empty, Loaded } from "../parts/notice.tsx";
import { moveRows } from "../parts/rows.ts";
import { Search } from "../parts/search.tsx";
import { State } from "../parts/state.tsx";
import { word } from "../parts/word.ts";
import { Differences } from "./differences.tsx";
import { DurationPlot } from "./duration-plot.tsx";
import { slowest, type Spike, spikeOf, spikeQuery, spikeText } from "./spike.ts";
import { TableHead } from "../parts/table-head.tsx";

/** Traces that are asked for at once. */
const limit = 200;

/** Traces of the last day that fit a query, the newest first. */
export function TracesPage(): ReactNode {
  const { q = "", spike: chosen } = useSearch({ strict: false }) as { q?: string; spike?: string };
  const spike = spikeOf(chosen);
  const navigate = useNavigate();
  const traces = useQuery({
    queryKey: ["traces", q],
    queryFn: ({ signal }) => client.traces({ query: q, limit }, { signal }),
    refetchInterval: 2_000,
    placeholderData: keepPreviousData,
  });
  const choose = (next: Spike | undefined): void =>
    void navigate({
      to: "/traces",
      search: {
        ...(q === "" ? undefined : { q }),
        ...(next === undefined ? undefined : { spike: spikeText(next) }),
      },
      replace: true,
    });
  const longest = Math.max(1, ...(traces.data?.traces ?? []).map((trace) => trace.durationMicros));
  return (
    <section>
      <header className="page">
        <h1>Traces</h1>
        <Search
          value={q}
          label="Search, e.g. status:error duration:>500ms"
          onChange={(text) =>
            void navigate({ to: "/traces", search: text === "" ? {} : { q: text }, replace: true })
          }
        />
      </header>
      <Command text={q === "" ? "kerf traces" : `kerf traces ${word(q)}`} />
      <Loaded query={traces}>
        {({ traces: found }) =>
          found.length === 0 ? (
            <Empty>
              {q === ""
                ? "No trace was kept in the last 24 hours. Send a request to a gateway."
                : "No trace of the last 24 hours fits. Fields: service:orders, status:error, duration:>500ms, @ATTRIBUTE:VALUE."}
            </Empty>
          ) : (
            <>
              <DurationPlot dots={found} chosen={spike} onChoose={choose} />
              <p>
                <button
                  type="button"
                  disabled={found.length < 10}
                  onClick={() => choose(slowest(found))}
                >
                  The slowest tenth
                </button>{" "}
                {spike === undefined ? null : (
                  <button type="button" className="quiet" onClick={() => choose(undefined)}>
                    Choose nothing
                  </button>
                )}
              </p>
              {spike === undefined ? null : (
                <Differences
                  query={spikeQuery(spike)}
                  against=""
                  within={q}
                  from={spike.from}
                  to={spike.to}
                />
              )}
              <table className="rows" onKeyDown={moveRows}>
                <TableHead
                  columns={["Trace", "State", "Begun", "Took", "Services", "Spans"]}
                  number={["Took", "Spans"]}
                />
                <tbody>
                  {found.map((trace) => (
                    <tr key={trace.traceId} tabIndex={0}>
                      <th scope="row">
                        <Link to="/traces/$traceId" params={{ traceId: trace.traceId }}>
                          {trace.service} {trace.name}
                        </Link>
                      </th>
                      <td data-label="State">
                        {trace.failed ? (
                          <Link to="/why" search={{ of: trace.traceId }}>
                            <State state="failed" text={trace.errorType ?? "failed"} />
                          </Link>
                        ) : (
                          <State state="done" text="answered" />
                        )}
                      </td>
                      <td data-label="Begun">{clockTime(trace.startedAt / 1_000)}</td>
                      <td data-label="Took" className="number">
                        {duration(trace.durationMicros / 1_000)}
                        <div
                          className="share"
                          style={{ width: `${(100 * trace.durationMicros) / longest}%` }}
                        />
                      </td>
                      <td data-label="Services">{trace.services.join(", ")}</td>
                      <td data-label="Spans" className="number">
                        {trace.spans}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </>
          )
        }
      </Loaded>
    </section>
  );
}
