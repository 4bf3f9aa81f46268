import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { UnitActions } from "../changes/unit-actions.tsx";
import type { Facts } from "../changes/plan.ts";
import { Command } from "../parts/command.tsx";
import { ago, bytes, percent } from "../parts/format.ts";
import { useLastKnown } from "../parts/last-known.ts";
import { State } from "../parts/state.tsx";
import { Numbers } from "./box-card.tsx";
import type { Box } from "./model.ts";

/** What is known of one box, and what can be done with it. */
export function BoxPanel({
  box,
  facts,
  onClose,
}: {
  readonly box: Box;
  readonly facts: Facts;
  readonly onClose: () => void;
}): ReactNode {
  const { status } = facts;
  const there = status.units.find(({ name }) => box.id === `unit:${name}`);
  const unit = useLastKnown(box.id, there);
  const gateway = status.gateways.find(({ name }) => box.id === `gateway:${name}`);
  const database = status.databases.find(({ server }) => box.id === `database:${server}`);
  return (
    <aside className="panel" aria-label={`${box.kind} ${box.label}`}>
      <header>
        <h2>{box.label}</h2>
        <span className="faint">{box.kind}</span>
        <button type="button" className="quiet" onClick={onClose}>
          Close
        </button>
      </header>
      {box.problem === undefined ? null : <p className="problem">{box.problem}</p>}
      {unit === undefined ? null : (
        <>
          {there === undefined ? <p className="faint">It is no more.</p> : null}
          <UnitActions facts={facts} unit={unit} />
          {unit.scaling === undefined ? null : (
            <p className="faint">
              {unit.scaling.asleep ? "Asleep: " : "Scaled by load: "}
              {unit.scaling.why}
            </p>
          )}
          <h3>Copies</h3>
          <ul className="copies">
            {unit.instances.map(({ id, load, since, state }) => (
              <li key={id}>
                <State state={state} />
                <code>{id}</code>
                <span className="faint">{ago(since)}</span>
                {load === undefined ? null : (
                  <span className="number">
                    <Numbers
                      measured={{
                        ratePerSecond: load.callsPerSecond,
                        errorShare: load.failureShare,
                        p95Ms: load.p95Ms,
                      }}
                    />
                    {` · ${percent(load.cpuShare)} cpu · ${bytes(load.residentBytes)}`}
                  </span>
                )}
              </li>
            ))}
          </ul>
          <h3>Services</h3>
          <ul>
            {unit.services.map((service) => (
              <li key={service}>
                <Link to="/services" search={{ q: service }}>
                  {service}
                </Link>
              </li>
            ))}
          </ul>
          <h3>Deploy</h3>
          <p className="faint">
            A deploy builds sources, which lie where you type this; its steps appear under Releases.
          </p>
          <Command text={`kerf deploy ${unit.services.join(" ")}`} />
        </>
      )}
      {gateway === undefined ? null : (
        <p>
          <a href={gateway.url} target="_blank" rel="noreferrer">
            {gateway.url}
          </a>
        </p>
      )}
      {database === undefined ? null : (
        <p>
          {database.embedded ? "Embedded PostgreSQL" : "PostgreSQL by URL"} with the databases of{" "}
          {database.services.join(", ")}.
        </p>
      )}
    </aside>
  );
}
