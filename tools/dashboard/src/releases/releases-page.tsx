import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { ReleaseStatus } from "@kerf/control-api";
import { type ReactNode, useState } from "react";
import { type Change, useChanges } from "../api/changes.ts";
import { client } from "../api/client.ts";
import { releasesQuery } from "../api/queries.ts";
import { ChangeWindow } from "../changes/change-window.tsx";
import { planRollback } from "../changes/plan.ts";
import { Report, Steps } from "../changes/steps.tsx";
import { Command } from "../parts/command.tsx";
import { ago, clockTime } from "../parts/format.ts";
import { Empty, Loaded, Problem } from "../parts/notice.tsx";
import { moveRows } from "../parts/rows.ts";
import { Search } from "../parts/search.tsx";
import { State } from "../parts/state.tsx";
import { ActionsCell, TableHead } from "../parts/table-head.tsx";
import { Watched } from "./watched.tsx";

/** What is being changed, step by step, and the releases of every unit with the way back. */
export function ReleasesPage(): ReactNode {
  const changes = useChanges();
  const releases = useQuery(releasesQuery);
  const { q = "" } = useSearch({ strict: false }) as { q?: string };
  const navigate = useNavigate();
  const [back, setBack] = useState<ReleaseStatus>();
  const running = releases.data?.find((each) => each.running && each.unit === back?.unit);
  return (
    <section>
      <header className="page">
        <h1>Releases and changes</h1>
        <Search
          value={q}
          label="Find a unit"
          onChange={(text) =>
            void navigate({
              to: "/releases",
              search: text === "" ? {} : { q: text },
              replace: true,
            })
          }
        />
      </header>
      <Watched />
      {changes.length === 0 ? null : (
        <>
          <h2>Changes since this platform started</h2>
          <div className="cards">
            {changes.slice(0, 8).map((change) => (
              <ChangeCard key={change.id} change={change} />
            ))}
          </div>
        </>
      )}
      <Loaded query={releases}>
        {(all) => {
          const found = all.filter(({ unit }) => unit.includes(q));
          if (all.length === 0)
            return (
              <Empty>
                This platform runs the sources as they are and keeps no releases.
                <Command text="kerf up" />
                starts one that does.
              </Empty>
            );
          if (found.length === 0) return <Empty>No unit has “{q}” in its name.</Empty>;
          return (
            <>
              <h2>Releases</h2>
              <table className="rows" onKeyDown={moveRows}>
                <TableHead
                  columns={["Unit", "Release", "State", "Versions", "Since", "By", "Why"]}
                  number={["Release"]}
                  actions
                />
                <tbody>
                  {found.map((release) => (
                    <tr key={`${release.unit} ${release.number}`} tabIndex={0}>
                      <th scope="row">{release.unit}</th>
                      <td data-label="Release" className="number">
                        {release.number}
                      </td>
                      <td data-label="State">
                        <StateOf release={release} />
                      </td>
                      <td data-label="Versions">
                        {Object.entries(release.versions)
                          .map(([service, version]) => `${service} ${version}`)
                          .join(", ")}
                      </td>
                      <td data-label="Since" title={clockTime(release.at)}>
                        {ago(release.at)}
                      </td>
                      <td data-label="By">{release.by}</td>
                      <td data-label="Why">
                        {release.failure === undefined || release.running
                          ? release.why
                          : `${release.why}; ${release.failure}`}
                      </td>
                      <ActionsCell>
                        {release.running ? null : (
                          <button type="button" onClick={() => setBack(release)}>
                            Roll back
                          </button>
                        )}
                      </ActionsCell>
                    </tr>
                  ))}
                </tbody>
              </table>
            </>
          );
        }}
      </Loaded>
      {back === undefined ? null : (
        <ChangeWindow
          plan={planRollback(back.unit, back.number, running?.number)}
          onClose={() => setBack(undefined)}
        >
          <Verdict release={back} />
        </ChangeWindow>
      )}
    </section>
  );
}

/** What the gate says, before anybody asks for it. */
function Verdict({ release }: { readonly release: ReleaseStatus }): ReactNode {
  const { number, unit } = release;
  const verdict = useQuery({
    queryKey: ["gate", unit, number],
    queryFn: ({ signal }) => client.mayRollBack({ unit, release: number }, { signal }),
  });
  if (verdict.error !== null) return <Problem error={verdict.error} />;
  if (verdict.data === undefined) return <p className="faint">Asking the gate …</p>;
  return (
    <div>
      <p>
        The gate says: <State state={verdict.data.verdict} />
      </p>
      <ul>
        {verdict.data.findings.map(({ message, verdict: finding }) => (
          <li key={message}>
            {finding}: {message}
          </li>
        ))}
      </ul>
    </div>
  );
}

function ChangeCard({ change }: { readonly change: Change }): ReactNode {
  const { outcome, steps } = change;
  const last = steps.at(-1)?.state ?? "started";
  const failed = steps.some(({ name, state }) => state === "failed" || name === "undo");
  return (
    <article className="card">
      <header>
        <strong>
          {change.kind} {change.title}
        </strong>
        <State state={failed ? "failed" : last} text={failed ? "undone" : last} />
        <span className="faint">{ago(change.time)}</span>
        <Link to="/audit" className="actions">
          Audit log
        </Link>
      </header>
      <Steps steps={steps} />
      {outcome === undefined ? null : "error" in outcome ? (
        <Problem error={outcome.error} />
      ) : (
        <details>
          <summary>What it cost or saved</summary>
          <Report report={outcome.report} />
        </details>
      )}
    </article>
  );
}

function StateOf({ release: { failed, running } }: { readonly release: ReleaseStatus }): ReactNode {
  if (running) return <State state="ready" text="runs" />;
  if (failed !== undefined) return <State state="failed" text={`failed: ${failed}`} />;
  return <State state="asleep" text="earlier" />;
}
