import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { AuditEntry } from "@kerf/control-api";
import type { ReactNode } from "react";
import { auditQuery } from "../api/queries.ts";
import { Command } from "../parts/command.tsx";
import { ago, clockTime } from "../parts/format.ts";
import { Empty, Loaded } from "../parts/notice.tsx";
import { moveRows } from "../parts/rows.ts";
import { Search } from "../parts/search.tsx";
import { State } from "../parts/state.tsx";
import { TableHead } from "../parts/table-head.tsx";

/** Who changed what, from what to what, and whether it was done. */
export function AuditPage(): ReactNode {
  const audit = useQuery(auditQuery);
  const { q = "" } = useSearch({ strict: false }) as { q?: string };
  const navigate = useNavigate();
  return (
    <section>
      <header className="page">
        <h1>Audit log</h1>
        <Search
          value={q}
          label="Find a change"
          onChange={(text) =>
            void navigate({ to: "/audit", search: text === "" ? {} : { q: text }, replace: true })
          }
        />
      </header>
      <Command text="kerf audit" />
      <Loaded query={audit}>
        {(entries) => {
          const found = entries.filter((entry) =>
            JSON.stringify(entry).toLowerCase().includes(q.toLowerCase()),
          );
          return found.length === 0 ? (
            <Empty>
              {entries.length === 0
                ? "Nothing was changed yet."
                : `None of the newest 500 changes has “${q}” in it.`}
            </Empty>
          ) : (
            <table className="rows" onKeyDown={moveRows}>
              <TableHead columns={["When", "Who", "What", "Of", "Result", "More"]} />
              <tbody>
                {found.map((entry) => (
                  <Row
                    key={`${entry.at} ${entry.action} ${entry.service ?? entry.unit}`}
                    entry={entry}
                  />
                ))}
              </tbody>
            </table>
          );
        }}
      </Loaded>
    </section>
  );
}

function Row({ entry }: { readonly entry: AuditEntry }): ReactNode {
  const { action, after, asked, at, before, by, result, service, token, unit, why } = entry;
  return (
    <tr tabIndex={0}>
      <th scope="row" title={clockTime(at)}>
        {ago(at)}
      </th>
      <td data-label="Who">
        {by}
        {token === undefined ? "" : ` (${token})`}
      </td>
      <td data-label="What">{action}</td>
      <td data-label="Of">{service ?? unit ?? ""}</td>
      <td data-label="Result">
        <State state={result === "done" ? "done" : "failed"} text={result} />
        {why === undefined ? null : <div className="why">{why}</div>}
      </td>
      <td data-label="More">
        <details>
          <summary>Asked, before, after</summary>
          <pre>{JSON.stringify({ asked, before, after }, undefined, 2)}</pre>
        </details>
      </td>
    </tr>
  );
}
