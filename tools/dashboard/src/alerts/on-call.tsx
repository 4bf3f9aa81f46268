import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { onCallQuery } from "../api/queries.ts";
import { Command } from "../parts/command.tsx";
import { clockTime } from "../parts/format.ts";
import { Loaded } from "../parts/notice.tsx";
import { moveRows } from "../parts/rows.ts";
import { TableHead } from "../parts/table-head.tsx";

/** Who of each team is on call, and who is next. */
export function OnCall(): ReactNode {
  const onCall = useQuery(onCallQuery);
  return (
    <>
      <h2>On call</h2>
      <Loaded query={onCall}>
        {({ teams, without }) => (
          <>
            {teams.length === 0 ? null : (
              <table className="rows" onKeyDown={moveRows}>
                <TableHead columns={["Team", "Now", "Until", "Next", "Services"]} />
                <tbody>
                  {teams.map(({ next, now, services, team }) => (
                    <tr key={team} tabIndex={0}>
                      <th scope="row">{team}</th>
                      <td data-label="Now">{now?.name ?? "nobody yet"}</td>
                      <td data-label="Until">{clockTime(now?.until ?? next.from)}</td>
                      <td data-label="Next">{next.name}</td>
                      <td data-label="Services">{services.join(", ")}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
            {without.length === 0 ? null : (
              <>
                <p className="faint">Without a rota: {without.join(", ")}.</p>
                <Command text="kerf oncall set TEAM --file rota.json" />
              </>
            )}
          </>
        )}
      </Loaded>
    </>
  );
}
