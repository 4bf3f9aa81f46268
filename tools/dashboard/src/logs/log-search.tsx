import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { client } from "../api/client.ts";
import { Command } from "../parts/command.tsx";
import { clockTime, duration } from "../parts/format.ts";
import { Empty, Loaded } from "../parts/notice.tsx";
import { VirtualLines } from "../parts/virtual-lines.tsx";
import { word } from "../parts/word.ts";

/** Lines that are asked for at once. */
const limit = 5_000;

/** OpenTelemetry's severity numbers, from the first of each on. */
const levels: readonly (readonly [least: number, level: string])[] = [
  [17, "error"],
  [13, "warn"],
  [9, "info"],
  [0, "debug"],
];

/** Searches what is kept of the logs, the newest first. */
export function LogSearch({ query }: { readonly query: string }): ReactNode {
  const logs = useQuery({
    queryKey: ["log-records", query],
    queryFn: ({ signal }) => client.logRecords({ query, limit }, { signal }),
    refetchInterval: 2_000,
    placeholderData: keepPreviousData,
  });
  return (
    <Loaded query={logs}>
      {({ logs: found, searched }) => (
        <>
          <Command text={query === "" ? "kerf logs" : `kerf logs ${word(query)}`} />
          <p className="faint" role="status">
            {found.length} lines, of {searched.rows} in {duration(searched.ms)}
          </p>
          {found.length === 0 ? (
            <Empty>
              No line of the last 24 hours fits. Words are looked for in the text; fields as in
              service:orders.
            </Empty>
          ) : (
            <VirtualLines
              label="Log lines"
              count={found.length}
              follow={false}
              line={(at) => {
                const log = found[at];
                if (log === undefined) return null;
                const level = levels.find(([least]) => log.severity >= least)?.[1] ?? "";
                return (
                  <div className={`line ${level}`} title={JSON.stringify(log.attributes)}>
                    <span>{clockTime(log.at / 1_000)}</span>
                    <span>{level.padEnd(5)}</span>
                    <span className="source">{log.service}</span>
                    {log.traceId === undefined ? null : (
                      <Link to="/traces/$traceId" params={{ traceId: log.traceId }}>
                        trace
                      </Link>
                    )}
                    <span>{log.body}</span>
                  </div>
                );
              }}
            />
          )}
        </>
      )}
    </Loaded>
  );
}
