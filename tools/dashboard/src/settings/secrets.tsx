import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { newChangeId } from "../api/changes.ts";
import { client } from "../api/client.ts";
import { type Deed, DeedWindow } from "../parts/deed.tsx";
import { clockTime } from "../parts/format.ts";
import { Loaded } from "../parts/notice.tsx";
import { State } from "../parts/state.tsx";
import { word } from "../parts/word.ts";
import { ActionsCell, TableHead } from "../parts/table-head.tsx";

/** The secrets of a service: which there are and when they were set. A value can be written, and never read. */
export function Secrets({ service }: { readonly service: string }): ReactNode {
  const [written, setWritten] = useState<string>();
  const [removed, setRemoved] = useState<Deed>();
  const secrets = useQuery({
    queryKey: ["secrets", service],
    queryFn: ({ signal }) => client.listSecrets({ service }, { signal }),
  });
  return (
    <>
      <h2>Secrets of {service}</h2>
      <Loaded query={secrets}>
        {(found) => (
          <table className="rows">
            <TableHead columns={["Secret", "State", "Version", "Set"]} actions />
            <tbody>
              {found.secrets.map(({ at, by, declared, name, set, version }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td data-label="State">
                    {set ? (
                      <State state="ready" text={declared ? "set" : "set, not declared any more"} />
                    ) : (
                      <State state="stopped" text="not set" />
                    )}
                  </td>
                  <td data-label="Version">{version ?? "–"}</td>
                  <td data-label="Set">
                    {at === undefined ? "never" : `${clockTime(at)} by ${by}`}
                  </td>
                  <ActionsCell>
                    <button type="button" onClick={() => setWritten(name)}>
                      Set
                    </button>
                    {set ? (
                      <button
                        type="button"
                        onClick={() =>
                          setRemoved({
                            title: `Remove ${name}`,
                            effect: declared
                              ? `${service} declares it: nothing is removed that it cannot do without.`
                              : `The value is forgotten; ${service} does not declare it any more.`,
                            command: `kerf secrets rm ${word(service)} ${word(name)}`,
                            run: async () => {
                              await client.removeSecret({ service, name, change: newChangeId() });
                            },
                          })
                        }
                      >
                        Remove
                      </button>
                    ) : null}
                  </ActionsCell>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Loaded>
      {written === undefined ? null : (
        <WriteWindow service={service} name={written} onClose={() => setWritten(undefined)} />
      )}
      {removed === undefined ? null : (
        <DeedWindow deed={removed} onClose={() => setRemoved(undefined)} />
      )}
    </>
  );
}

function WriteWindow({
  name,
  onClose,
  service,
}: {
  readonly service: string;
  readonly name: string;
  readonly onClose: () => void;
}): ReactNode {
  const [value, setValue] = useState("");
  return (
    <DeedWindow
      deed={{
        title: `Set ${name}`,
        effect: `${service} starts anew with it, new copies first. The value cannot be read here afterwards.`,
        command: `kerf secrets set ${word(service)} ${word(name)}`,
        run: async () => {
          const change = newChangeId();
          const { version, waitsFor } = await client.setSecret({ change, service, name, value });
          setValue("");
          return `version ${version}${waitsFor === undefined ? "" : `; ${service} still needs ${waitsFor}`}`;
        },
      }}
      disabled={value === ""}
      onClose={onClose}
    >
      <label>
        Value
        <input
          type="password"
          autoComplete="off"
          value={value}
          onChange={({ target }) => setValue(target.value)}
        />
      </label>
    </DeedWindow>
  );
}
