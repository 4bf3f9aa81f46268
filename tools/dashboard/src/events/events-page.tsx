import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { operate } from "../api/operate.ts";
import { useManifest } from "../api/queries.ts";
import { type Deed, DeedWindow } from "../parts/deed.tsx";
import { ago } from "../parts/format.ts";
import { Empty, Loaded } from "../parts/notice.tsx";
import { moveRows } from "../parts/rows.ts";
import { State } from "../parts/state.tsx";
import { word } from "../parts/word.ts";
import { ParkedKeys } from "./parked-keys.tsx";
import { ActionsCell, TableHead } from "../parts/table-head.tsx";

/** How far a consumer is behind a producer. */
interface Lag {
  readonly service: string;
  readonly producer: string;
  readonly events: number;
  /** Of the oldest that waits, ISO 8601. */
  readonly since: string | null;
  readonly generation: number;
  readonly building: boolean;
  readonly owners: readonly string[];
  readonly model?: { readonly state: string; readonly failure: string | null };
}

interface Position extends Omit<Lag, "events" | "since" | "service"> {
  readonly after: Readonly<Record<number, string>>;
}

/** Who follows whom, how far each is behind, and what waits for somebody. */
export function EventsPage(): ReactNode {
  const manifest = useManifest();
  return (
    <section>
      <header className="page">
        <h1>Events</h1>
      </header>
      <Loaded query={manifest}>
        {({ services }) => {
          const consumers = services
            .filter(({ follows }) => follows.length > 0)
            .map(({ name }) => name);
          return consumers.length === 0 ? (
            <Empty>No service of this app follows the events of another.</Empty>
          ) : (
            <>
              <ParkedKeys consumers={consumers} />
              <Lags consumers={consumers} />
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

async function lagsOf(service: string): Promise<Lag[]> {
  const positions = await operate<Position[]>({ service, action: "events.positions" });
  return Promise.all(
    positions.map(async ({ after, ...position }) => ({
      service,
      ...position,
      ...(await operate<Pick<Lag, "events" | "since">>({
        service: position.producer,
        action: "events.behind",
        input: { after },
      })),
    })),
  );
}

function Lags({ consumers }: { readonly consumers: readonly string[] }): ReactNode {
  const [deed, setDeed] = useState<Deed>();
  const lags = useQuery({
    queryKey: ["lags", consumers],
    refetchInterval: 2_000,
    queryFn: async () =>
      (await Promise.all(consumers.map((service) => lagsOf(service))))
        .flat()
        .toSorted((a, b) => b.events - a.events || a.service.localeCompare(b.service)),
  });
  const replay = (consumer: string, producer: string): void =>
    setDeed({
      title: `Replay ${producer} to ${consumer}`,
      effect: `${consumer} applies the whole log of ${producer} once more: a read model is built anew beside the one that serves, other handlers see these events again.`,
      command: `kerf events replay ${word(consumer)} ${word(producer)} --yes`,
      run: async () => {
        const input = { producer, after: "0" };
        const { generation, rebuilding } = await operate<{
          rebuilding: boolean;
          generation?: number;
        }>({ service: consumer, action: "events.replay", input });
        return rebuilding
          ? "it builds its tables anew"
          : `it applies them as generation ${generation}`;
      },
    });
  return (
    <>
      <h2>Consumers</h2>
      <Loaded query={lags}>
        {(found) => (
          <table className="rows" onKeyDown={moveRows}>
            <TableHead
              columns={["Consumer", "Follows", "State", "Behind", "Since", "Instances"]}
              number={["Behind"]}
              actions
            />
            <tbody>
              {found.map((lag) => (
                <tr key={`${lag.service} ${lag.producer}`} tabIndex={0}>
                  <th scope="row">{lag.service}</th>
                  <td data-label="Follows">{lag.producer}</td>
                  <td data-label="State">
                    {lag.building ? (
                      <State state="starting" text="being built" />
                    ) : lag.owners.length === 0 ? (
                      <State state="crashed" text="nobody reads" />
                    ) : lag.model?.failure != null ? (
                      <State state="failed" text={lag.model.failure} />
                    ) : (
                      <State state="ready" text={lag.events === 0 ? "up to date" : "reads"} />
                    )}
                  </td>
                  <td data-label="Behind" className="number">
                    {lag.events}
                  </td>
                  <td data-label="Since">{lag.since === null ? "–" : ago(lag.since)}</td>
                  <td data-label="Instances">{lag.owners.join(", ") || "nobody"}</td>
                  <ActionsCell>
                    <button type="button" onClick={() => replay(lag.service, lag.producer)}>
                      Replay
                    </button>
                  </ActionsCell>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Loaded>
      {deed === undefined ? null : <DeedWindow deed={deed} onClose={() => setDeed(undefined)} />}
    </>
  );
}
