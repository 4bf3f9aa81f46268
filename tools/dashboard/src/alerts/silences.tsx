import type { Silence } from "@kerf/control-api";
import { type ReactNode, useState } from "react";
import { client } from "../api/client.ts";
import { type Deed, DeedWindow } from "../parts/deed.tsx";
import { clockTime } from "../parts/format.ts";
import { moveRows } from "../parts/rows.ts";
import { ActionsCell, TableHead } from "../parts/table-head.tsx";

/** What is kept quiet, and until when. */
export function Silences({ silences }: { readonly silences: readonly Silence[] }): ReactNode {
  const [deed, setDeed] = useState<Deed>();
  return (
    <>
      {silences.length === 0 ? null : (
        <>
          <h2>Silenced</h2>
          <table className="rows" onKeyDown={moveRows}>
            <TableHead columns={["Of", "Until", "Because", "By"]} actions />
            <tbody>
              {silences.map(({ because, by, id, operation, service, until }) => (
                <tr key={id} tabIndex={0}>
                  <th scope="row">
                    {operation === undefined ? service : `${service}.${operation}`}
                  </th>
                  <td data-label="Until">{clockTime(until)}</td>
                  <td data-label="Because">{because}</td>
                  <td data-label="By">{by}</td>
                  <ActionsCell>
                    <button
                      type="button"
                      onClick={() =>
                        setDeed({
                          title: "End the silence",
                          effect: `What fires of ${service} is told again.`,
                          command: `kerf alerts end ${id}`,
                          run: async () => {
                            await client.endSilence({ id });
                          },
                        })
                      }
                    >
                      End
                    </button>
                  </ActionsCell>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
      {deed === undefined ? null : <DeedWindow deed={deed} onClose={() => setDeed(undefined)} />}
    </>
  );
}
