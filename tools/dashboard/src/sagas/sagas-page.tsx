import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { DeclaredService } from "../api/manifest.ts";
import { operate } from "../api/operate.ts";
import { useManifest } from "../api/queries.ts";
import { useSession } from "../frame/signed-in.tsx";
import { type Deed, DeedWindow } from "../parts/deed.tsx";
import { ago, clockTime } from "../parts/format.ts";
import { Empty, Loaded, Problem } from "../parts/notice.tsx";
import { moveRows } from "../parts/rows.ts";
import { State } from "../parts/state.tsx";
import { word } from "../parts/word.ts";
import { Schedules } from "./schedules.tsx";
import { TableHead } from "../parts/table-head.tsx";

/** A saga as a service answers it. Times are ISO 8601. */
interface Saga {
  readonly service: string;
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly state: string;
  readonly startedAt: string;
  readonly lastStep: string | null;
  readonly cancelled: boolean;
  readonly failure: { readonly code: string; readonly message: string } | null;
}

/** A saga in full. */
interface SagaDetail extends Saga {
  readonly input: unknown;
  readonly trace: string;
  readonly steps: readonly {
    readonly step: string;
    readonly kind: string;
    readonly declined: boolean;
    readonly answer: unknown;
    readonly at: string;
  }[];
  readonly notes: readonly { readonly at: string; readonly by: string; readonly action: string }[];
}

/** Sagas that run or wait for somebody, and what is done at given times. */
export function SagasPage(): ReactNode {
  const manifest = useManifest();
  const { all, id } = useSearch({ strict: false }) as { all?: string; id?: string };
  const navigate = useNavigate();
  const search = (next: Record<string, string | undefined>): void =>
    void navigate({ to: "/sagas", search: { all, id, ...next } as never, replace: true });
  return (
    <section>
      <header className="page">
        <h1>Sagas and schedules</h1>
        <label className="check">
          <input
            type="checkbox"
            checked={all === "1"}
            onChange={({ target }) => search({ all: target.checked ? "1" : undefined })}
          />
          those at their end too
        </label>
      </header>
      <Loaded query={manifest}>
        {({ services }) => (
          <>
            <Sagas
              services={services.filter(({ sagas }) => sagas.length > 0)}
              all={all === "1"}
              chosen={id}
              onChoose={(next) => search({ id: next })}
            />
            <Schedules services={services.filter(({ schedules }) => schedules.length > 0)} />
          </>
        )}
      </Loaded>
    </section>
  );
}

function Sagas({
  all,
  chosen,
  onChoose,
  services,
}: {
  readonly services: readonly DeclaredService[];
  readonly all: boolean;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string | undefined) => void;
}): ReactNode {
  const names = services.map(({ name }) => name);
  const sagas = useQuery({
    queryKey: ["sagas", names, all],
    refetchInterval: 2_000,
    queryFn: async () => {
      const lists = await Promise.all(
        names.map(async (service) =>
          (
            await operate<Omit<Saga, "service">[]>({
              service,
              action: "sagas.list",
              input: { all },
            })
          ).map((saga): Saga => ({ service, ...saga })),
        ),
      );
      // Those that wait for somebody first.
      return lists
        .flat()
        .toSorted(
          (a, b) =>
            Number(b.state === "stuck") - Number(a.state === "stuck") ||
            b.startedAt.localeCompare(a.startedAt),
        );
    },
  });
  const saga = sagas.data?.find(({ id }) => id === chosen);
  if (names.length === 0) return <Empty>No service of this app declares a saga.</Empty>;
  return (
    <Loaded query={sagas}>
      {(found) => (
        <>
          {found.length === 0 ? (
            <Empty>
              {all
                ? "No saga was begun in the last 30 days."
                : "No saga is under way or waits for somebody."}
            </Empty>
          ) : (
            <table className="rows" onKeyDown={moveRows}>
              <TableHead columns={["Saga", "State", "Last step", "Begun", "Why"]} />
              <tbody>
                {found.map((each) => (
                  <tr key={each.id} tabIndex={0}>
                    <th scope="row">
                      <button type="button" className="quiet" onClick={() => onChoose(each.id)}>
                        {each.service}.{each.name} <code>{each.id}</code>
                      </button>
                    </th>
                    <td data-label="State">
                      <State
                        state={each.state}
                        text={
                          each.cancelled && each.state === "running"
                            ? "running, cancelled"
                            : each.state
                        }
                      />
                    </td>
                    <td data-label="Last step">{each.lastStep ?? "–"}</td>
                    <td data-label="Begun" title={clockTime(each.startedAt)}>
                      {ago(each.startedAt)}
                    </td>
                    <td data-label="Why">{each.failure?.message ?? ""}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {saga === undefined ? null : <SagaCard saga={saga} onClose={() => onChoose(undefined)} />}
        </>
      )}
    </Loaded>
  );
}

function SagaCard({
  onClose,
  saga: { id, service, state },
}: {
  readonly saga: Saga;
  readonly onClose: () => void;
}): ReactNode {
  const by = useSession()?.user ?? "unknown";
  const [deed, setDeed] = useState<Deed>();
  const [note, setNote] = useState("");
  const detail = useQuery({
    queryKey: ["saga", service, id],
    refetchInterval: 2_000,
    queryFn: () => operate<SagaDetail>({ service, action: "sagas.show", input: { id } }),
  });
  const act = (action: "retry" | "cancel" | "resolve", effect: string): void =>
    setDeed({
      title: `${action[0]?.toUpperCase()}${action.slice(1)} the saga`,
      effect,
      command: `kerf saga ${action} ${word(id)}`,
      run: async () => {
        const input = { id, by, ...(note === "" ? undefined : { note }) };
        await operate({ service, action: `sagas.${action}`, input });
      },
    });
  return (
    <article className="card" aria-label={`Saga ${id}`}>
      <header>
        <h2>
          {service} <code>{id}</code>
        </h2>
        <State state={state} />
        <span className="actions">
          {state === "stuck" ? (
            <>
              <button
                type="button"
                onClick={() => act("retry", "The step that failed is tried again.")}
              >
                Retry
              </button>
              <button
                type="button"
                onClick={() =>
                  act("resolve", "It counts as settled: what was open has been mended by hand.")
                }
              >
                Resolve
              </button>
            </>
          ) : null}
          {state === "running" ? (
            <button
              type="button"
              onClick={() => act("cancel", "What it did is undone, step by step.")}
            >
              Cancel
            </button>
          ) : null}
          <button type="button" className="quiet" onClick={onClose}>
            Close
          </button>
        </span>
      </header>
      {detail.error === null ? null : <Problem error={detail.error} />}
      {detail.data === undefined ? null : (
        <>
          {detail.data.failure === null ? null : (
            <p className="bad">
              {detail.data.failure.code}: {detail.data.failure.message}
            </p>
          )}
          <ol className="steps">
            {detail.data.steps.map(({ answer, at, declined, kind, step }) => (
              <li key={`${kind} ${step} ${at}`}>
                <State state={declined ? "failed" : "done"} text={`${kind} ${step}`} />
                <code>{JSON.stringify(answer)?.slice(0, 200)}</code>
                <span className="number faint">{clockTime(at)}</span>
              </li>
            ))}
          </ol>
          <details>
            <summary>Input and notes</summary>
            <pre>{JSON.stringify(detail.data.input, undefined, 2)}</pre>
            {detail.data.notes.map(({ action, at, by: who }) => (
              <p key={at}>
                {clockTime(at)} {who}: {action}
              </p>
            ))}
          </details>
          <Link to="/logs" search={{ q: detail.data.trace.split("-")[1] ?? id }}>
            Its logs
          </Link>
        </>
      )}
      {deed === undefined ? null : (
        <DeedWindow deed={deed} onClose={() => setDeed(undefined)}>
          <label>
            Note, kept with the saga
            <input value={note} onChange={({ target }) => setNote(target.value)} />
          </label>
        </DeedWindow>
      )}
    </article>
  );
}
