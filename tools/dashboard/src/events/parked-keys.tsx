import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { operate } from "../api/operate.ts";
import { type Deed, DeedWindow } from "../parts/deed.tsx";
import { ago } from "../parts/format.ts";
import { Loaded } from "../parts/notice.tsx";
import { moveRows } from "../parts/rows.ts";
import { State } from "../parts/state.tsx";
import { word } from "../parts/word.ts";
import { ActionsCell, TableHead } from "../parts/table-head.tsx";

/** A key whose events wait behind one that could not be applied. */
interface Parked {
  readonly service: string;
  readonly producer: string;
  readonly key: string;
  readonly id: string;
  readonly name: string;
  readonly error: string | null;
  readonly parkedAt: string;
  readonly events: number;
}

/** The keys that wait for somebody, with the cause of each; nothing where none waits. */
export function ParkedKeys({ consumers }: { readonly consumers: readonly string[] }): ReactNode {
  const [deed, setDeed] = useState<Deed & { skipped?: Parked }>();
  const [note, setNote] = useState("");
  const parked = useQuery({
    queryKey: ["parked", consumers],
    refetchInterval: 2_000,
    queryFn: async () =>
      (
        await Promise.all(
          consumers.map(async (service) =>
            (await operate<Omit<Parked, "service">[]>({ service, action: "events.parked" })).map(
              (each): Parked => ({ service, ...each }),
            ),
          ),
        )
      ).flat(),
  });
  const resolve = async ({ key, producer, service }: Parked): Promise<string> => {
    const input = { producer, key };
    const { applied, failed } = await operate<{ applied: number; failed?: { error: string } }>({
      service,
      action: "events.resolve",
      input,
    });
    if (failed !== undefined)
      throw new Error(`${applied} applied, then it fails again: ${failed.error}`);
    return `${applied} applied`;
  };
  const skip = async (each: Parked): Promise<string> => {
    const { id, key, producer, service } = each;
    await operate({ service, action: "events.skip", input: { producer, key, id, note } });
    const left = await operate<Parked[]>({ service, action: "events.parked" });
    const isBehind = left.some((other) => other.producer === producer && other.key === key);
    return isBehind ? resolve(each) : "skipped; nothing was behind it";
  };
  const commandOf = (what: string, { key, producer, service }: Parked): string =>
    `kerf events ${what} ${[service, producer, key].map((each) => word(each)).join(" ")}`;
  return (
    <>
      <h2>Parked keys</h2>
      <Loaded query={parked}>
        {(found) =>
          found.length === 0 ? (
            <p>
              <State state="ready" text="Nothing is parked." />
            </p>
          ) : (
            <table className="rows" onKeyDown={moveRows}>
              <TableHead
                columns={["Consumer", "Event", "Key", "Waiting", "Since", "Cause"]}
                number={["Waiting"]}
                actions
              />
              <tbody>
                {found.map((each) => (
                  <tr key={`${each.service} ${each.producer} ${each.key}`} tabIndex={0}>
                    <th scope="row">{each.service}</th>
                    <td data-label="Event">
                      {each.producer}.{each.name}
                    </td>
                    <td data-label="Key">
                      <code>{each.key}</code>
                    </td>
                    <td data-label="Waiting" className="number">
                      {each.events}
                    </td>
                    <td data-label="Since">{ago(each.parkedAt)}</td>
                    <td data-label="Cause" className="bad">
                      {each.error}
                    </td>
                    <ActionsCell>
                      <button
                        type="button"
                        onClick={() =>
                          setDeed({
                            title: "Apply what is parked",
                            effect:
                              "The events of this key are applied in their order, now that the cause is mended.",
                            command: commandOf("resolve", each),
                            run: () => resolve(each),
                          })
                        }
                      >
                        Apply
                      </button>
                      <button
                        type="button"
                        onClick={() =>
                          setDeed({
                            title: "Skip this event",
                            effect: `Event ${each.id} is never applied; what is behind it is.`,
                            command: `${commandOf("skip", each)} ${word(each.id)} --note …`,
                            skipped: each,
                            run: () => resolve(each),
                          })
                        }
                      >
                        Skip
                      </button>
                    </ActionsCell>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Loaded>
      {deed === undefined ? null : (
        <DeedWindow
          deed={
            deed.skipped === undefined ? deed : { ...deed, run: () => skip(deed.skipped as Parked) }
          }
          disabled={deed.skipped !== undefined && note.trim() === ""}
          onClose={() => setDeed(undefined)}
        >
          {deed.skipped !== undefined ? (
            <label>
              Why, kept with it
              <input value={note} onChange={({ target }) => setNote(target.value)} />
            </label>
          ) : null}
        </DeedWindow>
      )}
    </>
  );
}
