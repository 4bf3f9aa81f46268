import { type Act, promised, type Stage } from "../act.ts";
import { assertNoneFailed, underLoad } from "../load.ts";
import { change, readyCopies, unitOf } from "../units.ts";

/** Payments get new programs while customers pay. */
export const redeploy: Act = {
  name: "redeploy",
  shows:
    "Payments are rolled over to new programs while customers order. The code is the same here, since a tour changes no source; kerf deploy rolls new code out in the same steps.",
  async play(stage) {
    const before = unitOf(await stage.connection.client.status({}), "payments");
    const { changed, seen } = await underLoad(stage.visitor, stage.signal, () =>
      change(stage, (asked) => stage.connection.client.restart({ ...asked, unit: before.name })),
    );
    assertNoneFailed(seen);
    const after = unitOf(await stage.connection.client.status({}), "payments");
    const old = readyCopies(after).filter((id) => readyCopies(before).includes(id));
    promised(old.length === 0, `a copy from before still serves: ${old.join(", ")}`);
    await assertConfirmed(stage, seen.orders);
    return {
      lines: [
        `0 failed of ${seen.requests} requests; all ${seen.orders.length} orders were confirmed`,
        `${readyCopies(before).join(", ")} → ${readyCopies(after).join(", ")} in ${(changed.ms / 1_000).toFixed(1)} s`,
      ],
      again: (kerf) => [kerf(`restart ${before.name}`)],
    };
  },
};

/** Everybody who ordered gets what was ordered. */
async function assertConfirmed({ signal, visitor }: Stage, ids: readonly string[]): Promise<void> {
  const ended = [];
  for (const id of ids) ended.push(await visitor.ended(id, signal));
  const rejected = ended.filter(({ status }) => status !== "confirmed");
  promised(
    rejected.length === 0,
    `${rejected.length} of ${ids.length} orders were rejected, the first one: ${rejected[0]?.reason}`,
  );
}
