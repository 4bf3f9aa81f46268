import { findSaga, operateOn } from "../sagas/ask-services.ts";
import type { SagaDetail, SagaSummary } from "../sagas/saga-answers.ts";
import type { Stage } from "./act.ts";
import { eventually } from "./eventually.ts";

/** Sagas among which that of an order is looked for: the newest ones. */
const looked = 30;
/** How long an order's saga may take to its end after the order has come to its own, milliseconds. */
const withinMs = 20_000;

/** The checkout of an order, once it has come to its end. */
export async function endedCheckout(
  { connection, signal }: Stage,
  orderId: string,
): Promise<SagaDetail> {
  const id = await eventually(
    `orders has a checkout of ${orderId}`,
    { withinMs, signal },
    async () => {
      const input = { all: true, name: "checkout" };
      const sagas = await operateOn<SagaSummary[]>(connection, "orders", "sagas.list", input);
      const newest = sagas.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
      for (const { id } of newest.slice(0, looked)) {
        const { saga } = await findSaga(connection, id);
        if ((saga.input as { orderId?: string }).orderId === orderId) return id;
      }
      return undefined;
    },
  );
  return eventually(`the checkout of ${orderId} ends`, { withinMs, signal }, async () => {
    const { saga } = await findSaga(connection, id);
    return saga.endedAt === null ? undefined : saga;
  });
}

/** Its steps in a line: `open → reserve`; those that were undone, in the order of their undoing. */
export function stepsOf({ steps }: SagaDetail, kind: "do" | "undo"): string[] {
  return steps.filter((each) => each.kind === kind && !each.declined).map(({ step }) => step);
}
