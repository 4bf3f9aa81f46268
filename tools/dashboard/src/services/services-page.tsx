import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { auditQuery, releasesQuery, useManifest, useStatus } from "../api/queries.ts";
import { ChangeWindow } from "../changes/change-window.tsx";
import { type Facts, type Plan, planRestart, planRollback } from "../changes/plan.ts";
import { ScaleWindow } from "../changes/unit-actions.tsx";
import { ago, duration, percent, rate } from "../parts/format.ts";
import { Empty, Loaded } from "../parts/notice.tsx";
import { Search } from "../parts/search.tsx";
import { State } from "../parts/state.tsx";
import { moveRows } from "../parts/rows.ts";
import { type ServiceRow, serviceRows } from "./service-rows.ts";
import { ActionsCell, TableHead } from "../parts/table-head.tsx";

/** All services: how they are, whose they are, what changed last, and what can be done about it. */
export function ServicesPage(): ReactNode {
  const status = useStatus();
  const manifest = useManifest();
  const releases = useQuery(releasesQuery);
  const audit = useQuery(auditQuery);
  const { q = "" } = useSearch({ strict: false }) as { q?: string };
  const navigate = useNavigate();
  const [plan, setPlan] = useState<Plan>();
  const [scaled, setScaled] = useState<string>();
  return (
    <section>
      <header className="page">
        <h1>Services</h1>
        <Search
          value={q}
          label="Find a service"
          onChange={(text) =>
            void navigate({
              to: "/services",
              search: text === "" ? {} : { q: text },
              replace: true,
            })
          }
        />
      </header>
      <Loaded query={status}>
        {(now) => (
          <Loaded query={manifest}>
            {(declared) => {
              const facts: Facts = { status: now, manifest: declared };
              const rows = serviceRows(facts, releases.data ?? [], audit.data ?? []).filter(
                ({ name, owner, unit }) => `${name} ${owner} ${unit}`.includes(q.toLowerCase()),
              );
              return (
                <>
                  {rows.length === 0 ? (
                    <Empty>No service has “{q}” in its name, unit or owner.</Empty>
                  ) : (
                    <table className="rows" onKeyDown={moveRows}>
                      <TableHead
                        columns={[
                          "Service",
                          "State",
                          "Version",
                          "Owner",
                          "Calls",
                          "Errors",
                          "p95",
                          "Last change",
                        ]}
                        number={["Calls", "Errors", "p95"]}
                        actions
                      />
                      <tbody>
                        {rows.map((row) => (
                          <Row key={row.name} row={row} onPlan={setPlan} onScale={setScaled} />
                        ))}
                      </tbody>
                    </table>
                  )}
                  {plan === undefined ? null : (
                    <ChangeWindow plan={plan} onClose={() => setPlan(undefined)} />
                  )}
                  {scaled === undefined ? null : (
                    <ScaleWindow facts={facts} unit={scaled} onClose={() => setScaled(undefined)} />
                  )}
                </>
              );
            }}
          </Loaded>
        )}
      </Loaded>
    </section>
  );
}

function Row({
  onPlan,
  onScale,
  row,
}: {
  readonly row: ServiceRow;
  readonly onPlan: (plan: Plan) => void;
  readonly onScale: (unit: string) => void;
}): ReactNode {
  const { change, load, name, owner, previous, problem, running, runbook, state, unit } = row;
  return (
    <tr tabIndex={0}>
      <th scope="row">
        <Link to="/" search={{ box: `unit:${unit}` }}>
          {name}
        </Link>
        {unit === name ? null : <span className="faint"> in {unit}</span>}
      </th>
      <td data-label="State">
        <State state={state} />
        {problem === undefined ? null : <div className="why">{problem}</div>}
      </td>
      <td data-label="Version">{row.versions.join(", ")}</td>
      <td data-label="Owner">
        {owner}
        {runbook === undefined ? null : (
          <>
            {" "}
            <a href={runbook} target="_blank" rel="noreferrer">
              runbook
            </a>
          </>
        )}
      </td>
      <td data-label="Calls" className="number">
        {load === undefined ? "–" : rate(load.ratePerSecond)}
      </td>
      <td
        data-label="Errors"
        className={`number${load !== undefined && load.errorShare > 0 ? " bad" : ""}`}
      >
        {load === undefined ? "–" : percent(load.errorShare)}
      </td>
      <td data-label="p95" className="number">
        {load?.p95Ms === undefined ? "–" : duration(load.p95Ms)}
      </td>
      <td data-label="Last change">
        {change === undefined ? (
          <span className="faint">none</span>
        ) : (
          <Link to="/audit" search={{ q: name }}>
            {change.action} {ago(change.at)}
          </Link>
        )}
      </td>
      <ActionsCell>
        <Link className="button" to="/logs" search={{ q: `service:${name}` }}>
          Logs
        </Link>
        <Link className="button" to="/traces" search={{ q: `service:${name}` }}>
          Traces
        </Link>
        <button type="button" onClick={() => onPlan(planRestart(unit))}>
          Restart
        </button>
        <button type="button" onClick={() => onScale(unit)}>
          Scale
        </button>
        {previous === undefined ? null : (
          <button type="button" onClick={() => onPlan(planRollback(unit, previous, running))}>
            Roll back
          </button>
        )}
      </ActionsCell>
    </tr>
  );
}
