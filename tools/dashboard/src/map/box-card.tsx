import type { ReactNode } from "react";
import { percent, rate, duration } from "../parts/format.ts";
import { State } from "../parts/state.tsx";
import type { Box, Measured } from "./model.ts";

/** A box of the map, as a button that opens it. */
export function BoxCard({
  box,
  chosen,
  onChoose,
}: {
  readonly box: Box;
  readonly chosen: boolean;
  readonly onChoose: (id: string) => void;
}): ReactNode {
  const { copies, kind, label, load, ready, services, state } = box;
  const count = copies !== undefined && copies !== 1 ? ` ${ready}/${copies}` : "";
  return (
    <button
      type="button"
      className={`box ${kind}${state === undefined || state === "ready" ? "" : " ailing"}`}
      aria-pressed={chosen}
      onClick={() => onChoose(box.id)}
    >
      <span className="head">
        <strong>{label}</strong>
        {state === undefined ? null : <State state={state} text={`${state}${count}`} />}
      </span>
      <span className="measured">{load === undefined ? kind : <Numbers measured={load} />}</span>
      {kind === "unit" ? (
        <span className="services">
          {services.map((service) => (
            <span key={service}>{service}</span>
          ))}
        </span>
      ) : null}
    </button>
  );
}

/** Rate, errors and p95 in a line. */
export function Numbers({ measured }: { readonly measured: Measured }): ReactNode {
  const { errorShare, p95Ms, ratePerSecond } = measured;
  return (
    <>
      {rate(ratePerSecond)}
      {errorShare > 0 ? <span className="bad"> ▲ {percent(errorShare)}</span> : null}
      {p95Ms === undefined ? null : ` · p95 ${duration(p95Ms)}`}
    </>
  );
}
