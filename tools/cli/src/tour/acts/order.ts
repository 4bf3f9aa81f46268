import { type Act, promised } from "../act.ts";
import { placeCommand } from "../place-command.ts";
import { endedCheckout, stepsOf } from "../checkout-saga.ts";

/** An order that is paid. */
export const order: Act = {
  name: "order",
  shows: "An order goes through four services and four databases, and each step happens once.",
  async play(stage) {
    const { id, status } = await stage.visitor.ordered("card-ok", stage.signal);
    promised(status === "confirmed", `order ${id} is ${status}`);
    const saga = await endedCheckout(stage, id);
    promised(saga.state === "completed", `its saga ${saga.id} is ${saga.state}`);
    const steps = stepsOf(saga, "do");
    promised(new Set(steps).size === steps.length, `a step happened twice: ${steps.join(" ")}`);
    return {
      lines: [`order ${id}: confirmed`, `✓ ${steps.join(" → ")}`],
      again: (kerf) => [placeCommand(kerf, "card-ok"), kerf(`saga show ${saga.id}`)],
    };
  },
};
