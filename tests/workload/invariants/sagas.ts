import type { Invariant } from "./invariant.ts";

interface Saga {
  id: string;
  state: string;
  failure: unknown;
  order_id: string;
  order_status: string | null;
  steps: { step: string; kind: string; declined: boolean }[];
}

/** The checkout's steps in their order, and which of them have an undo. */
const steps = [
  "open",
  "reserve",
  "reserved",
  "authorise",
  "authorised",
  "confirm",
  "capture",
  "ship",
];
const undoable = new Set(["open", "reserve", "authorise"]);

/** Every order has one checkout; it ended, all done or all undone. */
export const sagas: Invariant = async ({ sql }) => {
  const rows = await sql<Saga>(
    "orders",
    `select s.id::text, s.state, s.failure, s.input->>'orderId' as order_id,
        (select o.status::text from orders o where o.id::text = s.input->>'orderId') as order_status,
        coalesce((select json_agg(json_build_object('step', p.step, 'kind', p.kind, 'declined', p.declined) order by p.position)
          from kerf.saga_step p where p.saga = s.id), '[]') as steps
      from kerf.saga s`,
  );
  const lonely = await sql(
    "orders",
    `select o.id::text, count(s.id)::int as sagas from orders o
      left join kerf.saga s on s.input->>'orderId' = o.id::text group by o.id having count(s.id) <> 1`,
  );
  return [
    {
      holds: "no saga is stuck or unended",
      checked: rows.length,
      violations: rows.filter(({ state }) => state !== "completed" && state !== "undone"),
    },
    { holds: "every order has one saga", checked: rows.length, violations: lonely },
    {
      holds: "a saga is completed where its order is confirmed, undone where it is rejected",
      checked: rows.length,
      violations: rows.filter(
        ({ state, order_status }) =>
          order_status !== { completed: "confirmed", undone: "rejected" }[state],
      ),
    },
    {
      holds: "a completed saga did each of its steps once, in order",
      checked: rows.filter(({ state }) => state === "completed").length,
      violations: rows
        .filter(({ state }) => state === "completed")
        .filter((saga) => did(saga).join() !== steps.join() || undid(saga).length > 0),
    },
    {
      holds: "an undone saga undid the steps that took effect, last first, and no others",
      checked: rows.filter(({ state }) => state === "undone").length,
      violations: rows
        .filter(({ state }) => state === "undone")
        .filter(
          (saga) =>
            undid(saga).join() !==
            effective(saga)
              .filter((step) => undoable.has(step))
              .reverse()
              .join(),
        ),
    },
  ];
};

function did({ steps: rows }: Saga): string[] {
  return rows.filter(({ kind }) => kind === "do").map(({ step }) => step);
}

function effective({ steps: rows }: Saga): string[] {
  return rows.filter(({ kind, declined }) => kind === "do" && !declined).map(({ step }) => step);
}

function undid({ steps: rows }: Saga): string[] {
  return rows.filter(({ kind }) => kind === "undo").map(({ step }) => step);
}
