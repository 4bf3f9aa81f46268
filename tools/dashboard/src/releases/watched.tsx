import type { WatchedChange, WatchedRelease } from "@kerf/control-api";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { client } from "../api/client.ts";
import { liveMs } from "../api/queries.ts";
import { type Deed, DeedWindow } from "../parts/deed.tsx";
import { duration, percent } from "../parts/format.ts";
import { State } from "../parts/state.tsx";
import { ActionsCell, TableHead } from "../parts/table-head.tsx";
import { word } from "../parts/word.ts";

type WatchedUnit = WatchedChange["units"][number];

const states = {
  "better-or-same": "go",
  worse: "no-go",
  "too-little-to-tell": "running",
} as const;

/** Rollouts that compare a new release with the one before: both figures, and the choice to wait no longer. */
export function Watched(): ReactNode {
  const watched = useQuery({
    queryKey: ["watched"],
    queryFn: ({ signal }) => client.watched({}, { signal }),
    refetchInterval: liveMs,
  });
  const [deed, setDeed] = useState<Deed>();
  const changes = watched.data?.changes ?? [];
  return (
    <>
      {changes.map((change) => (
        <section key={change.change} aria-label={`Watched: ${change.title}`}>
          <h2>
            {change.kind} {change.title}: the new release has {percent(change.share)} of the calls,
            for {duration(change.forMs)}
          </h2>
          {change.units.map((unit) => (
            <Canary key={unit.unit} unit={unit} onDeed={setDeed} />
          ))}
        </section>
      ))}
      {deed === undefined ? null : <DeedWindow deed={deed} onClose={() => setDeed(undefined)} />}
    </>
  );
}

/** The new release of a unit beside the one before. */
function Canary({
  onDeed,
  unit: { canary, stable, unit, verdict, why },
}: {
  readonly unit: WatchedUnit;
  readonly onDeed: (deed: Deed) => void;
}): ReactNode {
  return (
    <>
      <p>
        <State state={states[verdict]} text={verdict.replaceAll("-", " ")} /> {why}
      </p>
      <table className="rows" aria-label={`${unit}: new release beside the one before`}>
        <TableHead
          columns={["Release", "Calls", "Failed", "p50", "p95", "p99"]}
          number={["Calls", "Failed", "p50", "p95", "p99"]}
          actions
        />
        <tbody>
          <Figures name={`${unit}, new`} of={canary}>
            <button type="button" className="main" onClick={() => onDeed(promoteDeed(unit))}>
              Promote
            </button>
            <button type="button" onClick={() => onDeed(abandonDeed(unit))}>
              Roll back
            </button>
          </Figures>
          <Figures name={`${unit}, before`} of={stable} />
        </tbody>
      </table>
    </>
  );
}

function Figures({
  children,
  name,
  of: { calls, failed, p50Ms, p95Ms, p99Ms, release },
}: {
  readonly name: string;
  readonly of: WatchedRelease;
  readonly children?: ReactNode;
}): ReactNode {
  const took = (title: string, ms: number | undefined): ReactNode => (
    <td data-label={title} className="number">
      {ms === undefined ? "–" : duration(ms)}
    </td>
  );
  return (
    <tr>
      <th scope="row">
        {name} <span className="faint">{release}</span>
      </th>
      <td data-label="Calls" className="number">
        {calls}
      </td>
      <td data-label="Failed" className={`number${failed > 0 ? " bad" : ""}`}>
        {failed} ({percent(calls === 0 ? 0 : failed / calls)})
      </td>
      {took("p50", p50Ms)}
      {took("p95", p95Ms)}
      {took("p99", p99Ms)}
      <ActionsCell>{children}</ActionsCell>
    </tr>
  );
}

function promoteDeed(unit: string): Deed {
  return {
    title: `Promote ${unit}`,
    effect: "The watch ends: the new release takes all calls, and the one before ends.",
    command: `kerf promote ${word(unit)}`,
    run: async () => {
      await client.promote({ unit });
      return "promoted";
    },
  };
}

function abandonDeed(unit: string): Deed {
  return {
    title: `Roll ${unit} back`,
    effect: "The watch ends: the new release goes, and the one before takes all calls again.",
    command: `kerf abandon ${word(unit)}`,
    run: async () => {
      await client.abandon({ unit });
      return "on its way back";
    },
  };
}
