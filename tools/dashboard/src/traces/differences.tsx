import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { client } from "../api/client.ts";
import { Command } from "../parts/command.tsx";
import { percent } from "../parts/format.ts";
import { Empty, Loaded } from "../parts/notice.tsx";
import { TableHead } from "../parts/table-head.tsx";
import { word } from "../parts/word.ts";

/** What is compared; times are Unix ms. */
export interface Compared {
  readonly query: string;
  readonly against: string;
  readonly within?: string;
  readonly from?: number;
  readonly to?: number;
}

/** Which attributes tell some traces from others, with the command that says the same. */
export function Differences(asked: Compared): ReactNode {
  const found = useQuery({
    queryKey: ["differences", asked],
    queryFn: ({ signal }) => client.compareTraces({ ...asked, limit: 20 }, { signal }),
  });
  return (
    <>
      <h2>What tells them apart</h2>
      <Command text={commandOf(asked)} />
      <Loaded query={found}>
        {({ baseline, differences, selected }) =>
          differences.length === 0 ? (
            <Empty>
              Nothing: {selected} {selected === 1 ? "trace" : "traces"} against {baseline}.
            </Empty>
          ) : (
            <>
              <p className="faint">
                {selected} {selected === 1 ? "trace" : "traces"} against {baseline}
              </p>
              <table className="rows" aria-label="What tells them apart">
                <TableHead
                  columns={["Attribute", "Value", "Of these", "Of the others"]}
                  number={["Of these", "Of the others"]}
                />
                <tbody>
                  {differences.map(({ attribute, baselineShare, selectedShare, value }) => (
                    <tr key={`${attribute} ${value}`}>
                      <th scope="row">{attribute}</th>
                      <td data-label="Value">
                        <code>{value}</code>
                      </td>
                      <td data-label="Of these" className="number">
                        {percent(selectedShare)}
                        <div className="share" style={{ width: `${100 * selectedShare}%` }} />
                      </td>
                      <td data-label="Of the others" className="number">
                        {percent(baselineShare)}
                        <div className="share" style={{ width: `${100 * baselineShare}%` }} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </>
          )
        }
      </Loaded>
    </>
  );
}

function commandOf({ against, from, query, to, within }: Compared): string {
  const time = (name: string, at: number | undefined): string[] =>
    at === undefined ? [] : [name, new Date(at).toISOString()];
  return [
    "kerf traces",
    word(query),
    "--compare",
    word(against),
    ...(within === undefined || within === "" ? [] : ["--within", word(within)]),
    ...time("--from", from),
    ...time("--to", to),
  ].join(" ");
}
