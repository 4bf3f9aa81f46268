import { type ReactNode, useState } from "react";
import { ChangeWindow } from "./change-window.tsx";
import { type Facts, planCut, planJoin, planRestart, planScale } from "./plan.ts";

/** Most copies of a unit, as the control API has it. */
const mostCopies = 100;

/** What can be done with a unit, each behind its plan. */
export function UnitActions({
  facts,
  unit,
}: {
  readonly facts: Facts;
  readonly unit: Facts["status"]["units"][number];
}): ReactNode {
  const [open, setOpen] = useState<"scale" | "restart" | "cut" | "join">();
  const close = (): void => setOpen(undefined);
  const others = facts.status.units.filter(({ name }) => name !== unit.name);
  return (
    <div className="actions">
      <button type="button" onClick={() => setOpen("scale")}>
        Scale
      </button>
      <button type="button" onClick={() => setOpen("restart")}>
        Restart
      </button>
      {unit.services.length > 1 ? (
        <button type="button" onClick={() => setOpen("cut")}>
          Cut
        </button>
      ) : null}
      {others.length > 0 ? (
        <button type="button" onClick={() => setOpen("join")}>
          Join
        </button>
      ) : null}
      {open === "restart" ? (
        <ChangeWindow plan={planRestart(unit.name)} onClose={close} />
      ) : open === "scale" ? (
        <ScaleWindow facts={facts} unit={unit.name} onClose={close} />
      ) : open === "cut" ? (
        <CutWindow facts={facts} services={unit.services} onClose={close} />
      ) : open === "join" ? (
        <JoinWindow
          facts={facts}
          services={unit.services}
          units={others.map(({ name }) => name)}
          onClose={close}
        />
      ) : null}
    </div>
  );
}

/** More or fewer copies of a unit. */
export function ScaleWindow({
  facts,
  onClose,
  unit,
}: {
  readonly facts: Facts;
  readonly unit: string;
  readonly onClose: () => void;
}): ReactNode {
  const now = facts.status.units.find(({ name }) => name === unit)?.instances.length ?? 1;
  const [copies, setCopies] = useState(now);
  return (
    <ChangeWindow plan={planScale(facts, unit, copies)} onClose={onClose}>
      <label>
        Copies
        <input
          type="number"
          min={1}
          max={mostCopies}
          value={copies}
          onChange={({ target }) =>
            setCopies(Math.min(mostCopies, Math.max(1, Math.round(target.valueAsNumber) || 1)))
          }
        />
      </label>
    </ChangeWindow>
  );
}

function CutWindow({
  facts,
  onClose,
  services,
}: {
  readonly facts: Facts;
  readonly services: readonly string[];
  readonly onClose: () => void;
}): ReactNode {
  const [service, setService] = useState(services[0] ?? "");
  return (
    <ChangeWindow plan={planCut(facts, service)} onClose={onClose}>
      <Choice label="Service" value={service} of={services} onChange={setService} />
    </ChangeWindow>
  );
}

function JoinWindow({
  facts,
  onClose,
  services,
  units,
}: {
  readonly facts: Facts;
  readonly services: readonly string[];
  readonly units: readonly string[];
  readonly onClose: () => void;
}): ReactNode {
  const [service, setService] = useState(services[0] ?? "");
  const [into, setInto] = useState(units[0] ?? "");
  return (
    <ChangeWindow plan={planJoin(facts, service, into)} onClose={onClose}>
      {services.length > 1 ? (
        <Choice label="Service" value={service} of={services} onChange={setService} />
      ) : null}
      <Choice label="Into the unit" value={into} of={units} onChange={setInto} />
    </ChangeWindow>
  );
}

/** One of a few. */
export function Choice({
  label,
  of,
  onChange,
  value,
}: {
  readonly label: string;
  readonly value: string;
  readonly of: readonly string[];
  readonly onChange: (value: string) => void;
}): ReactNode {
  return (
    <label>
      {label}
      <select value={value} onChange={({ target }) => onChange(target.value)}>
        {of.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
}
