import type { GatewayStatus, InstanceStatus } from "@kerf/control-api";
import type { ReactNode } from "react";
import { ago, bytes, percent } from "../parts/format.ts";
import { State } from "../parts/state.tsx";
import { Numbers } from "./box-card.tsx";

/** The copies of a unit or a gateway, each with what it measured of itself. */
export function Copies({
  all,
}: {
  readonly all: readonly (GatewayStatus | InstanceStatus)[];
}): ReactNode {
  return (
    <>
      <h3>Copies</h3>
      <ul className="copies">
        {all.map(({ id, load, since, state }) => (
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
    </>
  );
}
