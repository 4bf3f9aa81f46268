import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import { Command } from "../parts/command.tsx";
import { clockTime } from "../parts/format.ts";
import { Empty, Problem } from "../parts/notice.tsx";
import { Search } from "../parts/search.tsx";
import { VirtualLines } from "../parts/virtual-lines.tsx";
import { word } from "../parts/word.ts";
import { useLogLines } from "./log-stream.ts";
import { LogSearch } from "./log-search.tsx";
import { matcher } from "./matches.ts";

/** What programs say: as it comes, or searched in what is kept. */
export function LogsPage(): ReactNode {
  const { live, q = "" } = useSearch({ strict: false }) as { q?: string; live?: string };
  const navigate = useNavigate();
  const searches = live !== "1";
  const search = (next: Record<string, string | undefined>): void =>
    void navigate({ to: "/logs", search: { q, live, ...next } as never, replace: true });
  return (
    <section>
      <header className="page">
        <h1>Logs</h1>
        <Search
          value={q}
          label="Search, e.g. service:orders level:error"
          onChange={(text) => search({ q: text === "" ? undefined : text })}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={!searches}
            onChange={({ target }) => search({ live: target.checked ? "1" : undefined })}
          />
          live, as it is written
        </label>
      </header>
      {searches ? <LogSearch query={q} /> : <LiveLogs query={q} />}
    </section>
  );
}

function LiveLogs({ query }: { readonly query: string }): ReactNode {
  const { error, lines } = useLogLines();
  const [stopped, setStopped] = useState<typeof lines>();
  const shown = stopped ?? lines;
  const found = useMemo(() => shown.filter(matcher(query)), [shown, query]);
  const service = /(?:^|\s)service:(\S+)/.exec(query)?.[1];
  return (
    <>
      <Command text={`kerf logs${service === undefined ? "" : ` ${word(service)}`} -f`} />
      {error === null ? null : <Problem error={error} />}
      <p className="actions">
        <button
          type="button"
          onClick={() => setStopped(stopped === undefined ? lines : undefined)}
          aria-pressed={stopped !== undefined}
        >
          {stopped === undefined ? "Hold" : "Go on"}
        </button>
        <span className="faint" role="status">
          {found.length} of {shown.length} lines
        </span>
      </p>
      {found.length === 0 ? (
        <Empty>
          {shown.length === 0 ? "Nothing was said yet." : "No line that is here fits the search."}
        </Empty>
      ) : (
        <VirtualLines
          label="Log lines"
          count={found.length}
          follow={stopped === undefined}
          line={(at) => {
            const line = found[at];
            if (line === undefined) return null;
            return (
              <div className={`line ${line.level ?? ""}`} title={line.line}>
                <span>{clockTime(line.time)}</span>
                <span>{(line.level ?? "").padEnd(5)}</span>
                <span className="source">{line.service ?? line.source}</span>
                <span>{line.message ?? line.line}</span>
              </div>
            );
          }}
        />
      )}
    </>
  );
}
