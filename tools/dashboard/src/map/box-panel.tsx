import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { UnitActions } from "../changes/unit-actions.tsx";
import type { Facts } from "../changes/plan.ts";
import { Command } from "../parts/command.tsx";
import { useLastKnown } from "../parts/last-known.ts";
import { Copies } from "./copies.tsx";
import type { Box } from "./model.ts";

function kindOf({ embedded, image }: Facts["status"]["databases"][number]): string {
  if (image !== undefined) return `PostgreSQL in a container (${image})`;
  return embedded ? "Embedded PostgreSQL" : "PostgreSQL by URL";
}

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
  const doors = status.gateways.filter(({ name }) => box.id === `gateway:${name}`);
  const [gateway] = doors;
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
          <Copies all={unit.instances} />
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
        <>
          <p>
            <a href={gateway.url} target="_blank" rel="noreferrer">
              {gateway.url}
            </a>
          </p>
          {gateway.scaling === undefined ? null : (
            <p className="faint">Scaled by load: {gateway.scaling.why}</p>
          )}
          <Copies all={doors} />
        </>
      )}
      {database === undefined ? null : (
        <p>
          {kindOf(database)} with the databases of {database.services.join(", ")}.
        </p>
      )}
    </aside>
  );
}
