import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { DeclaredService } from "../api/manifest.ts";
import { operate } from "../api/operate.ts";
import { type Deed, DeedWindow } from "../parts/deed.tsx";
import { clockTime } from "../parts/format.ts";
import { Loaded } from "../parts/notice.tsx";
import { moveRows } from "../parts/rows.ts";
import { State } from "../parts/state.tsx";
import { word } from "../parts/word.ts";
import { ActionsCell, TableHead } from "../parts/table-head.tsx";

interface Schedule {
  readonly service: string;
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly nextAt: string;
  readonly doneAt: string | null;
  readonly failures: number;
  readonly problem: string | null;
}

/** What services do at given times; each can be run now. */
export function Schedules({
  services,
}: {
  readonly services: readonly DeclaredService[];
}): ReactNode {
  const names = services.map(({ name }) => name);
  const [deed, setDeed] = useState<Deed>();
  const schedules = useQuery({
    queryKey: ["schedules", names],
    refetchInterval: 5_000,
    queryFn: async () =>
      (
        await Promise.all(
          names.map(async (service) =>
            (await operate<Omit<Schedule, "service">[]>({ service, action: "schedules.list" })).map(
              (each): Schedule => ({ service, ...each }),
            ),
          ),
        )
      ).flat(),
  });
  if (names.length === 0) return null;
  return (
    <>
      <h2>Schedules</h2>
      <Loaded query={schedules}>
        {(found) => (
          <table className="rows" onKeyDown={moveRows}>
            <TableHead columns={["Schedule", "State", "When", "Next", "Last done"]} actions />
            <tbody>
              {found.map(({ cron, doneAt, failures, name, nextAt, problem, service, timeZone }) => (
                <tr key={`${service} ${name}`} tabIndex={0}>
                  <th scope="row">
                    {service}.{name}
                  </th>
                  <td data-label="State">
                    {failures === 0 ? (
                      <State state="ready" text="well" />
                    ) : (
                      <State state="failed" text={`failed ${failures} times`} />
                    )}
                    {problem === null ? null : <div className="why">{problem}</div>}
                  </td>
                  <td data-label="When">
                    <code>{cron}</code> {timeZone}
                  </td>
                  <td data-label="Next">{clockTime(nextAt)}</td>
                  <td data-label="Last done">{doneAt === null ? "never" : clockTime(doneAt)}</td>
                  <ActionsCell>
                    <button
                      type="button"
                      onClick={() =>
                        setDeed({
                          title: `Run ${name} now`,
                          effect: `${service} does it once more; its times stay as they are.`,
                          command: `kerf schedule run ${word(service)} ${word(name)}`,
                          run: async () => {
                            await operate({ service, action: "schedules.run", input: { name } });
                          },
                        })
                      }
                    >
                      Run now
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
