import { platform } from "@kerf/control-api";
import { type Act, promised, type Stage } from "../act.ts";
import { recordedTrace, untraced } from "../recorded-trace.ts";

/** As the control API answers it, once it does. */
type Why = (input: { readonly id: string }) => Promise<{ readonly sentence?: string }>;

/** Why an order failed. */
export const why: Act = {
  name: "why",
  shows: "Why an order was rejected, in one sentence that names the service and the cause.",
  async leftOut(stage) {
    const isThere = Object.keys(platform.operations).includes("why");
    return isThere ? untraced(stage) : "the control API cannot be asked why yet";
  },
  async play(stage) {
    const { id, traceId } = await stage.visitor.ordered("card-declined", stage.signal);
    promised(traceId !== undefined, `the answer to order ${id} has no x-trace-id`);
    await recordedTrace(stage, traceId, ["orders", "payments"]);
    const { sentence } = await asker(stage)({ id: traceId });
    promised(
      sentence !== undefined && sentence.includes("payments"),
      `it does not name payments: ${sentence ?? "nothing was said"}`,
    );
    return { lines: [sentence], again: (kerf) => [kerf(`why ${traceId}`)] };
  },
};

function asker({ connection }: Stage): Why {
  return (connection.client as unknown as { readonly why: Why }).why;
}
