import { type Act, promised } from "../act.ts";
import { placeCommand } from "../place-command.ts";
import { endedCheckout, stepsOf } from "../checkout-saga.ts";

/** An order whose card is declined. */
export const declined: Act = {
  name: "declined",
  shows: "The card is declined: what the order did before is undone, the last step first.",
  async play(stage) {
    const { id, reason, status } = await stage.visitor.ordered("card-declined", stage.signal);
    promised(status === "rejected", `order ${id} with a declined card is ${status}`);
    const saga = await endedCheckout(stage, id);
    promised(saga.state === "undone", `its saga ${saga.id} is ${saga.state}`);
    const undone = stepsOf(saga, "undo");
    promised(
      undone.join() === "authorise,reserve,open",
      `undone was: ${undone.join(" → ") || "nothing"}`,
    );
    return {
      lines: [
        `order ${id}: rejected, ${reason ?? "without a reason"}`,
        `✓ ${stepsOf(saga, "do").join(" → ")}`,
        `↶ ${undone.join(" → ")}`,
      ],
      again: (kerf) => [placeCommand(kerf, "card-declined"), kerf(`saga show ${saga.id}`)],
    };
  },
};
