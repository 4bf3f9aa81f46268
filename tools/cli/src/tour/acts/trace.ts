import type { Act } from "../act.ts";
import { plain } from "../../output/paint.ts";
import { waterfall } from "../../traces/waterfall.ts";
import { recordedTrace, untraced } from "../recorded-trace.ts";

/** Lines of the picture that are shown, and columns of it. */
const shownLines = 14;
const columns = 110;
const through = ["orders", "catalog", "inventory", "payments", "notifications"];

/** Everything that an order led to. */
export const trace: Act = {
  name: "trace",
  shows: "Everything that one order led to, in every service, beyond its answer too.",
  leftOut: untraced,
  async play(stage) {
    const { traceId } = await stage.visitor.ordered("card-ok", stage.signal);
    const found = await recordedTrace(stage, traceId, through);
    const lines = waterfall(found, plain, columns).split("\n");
    const more = lines.length - shownLines;
    return {
      lines: [
        ...lines.slice(0, shownLines),
        ...(more > 0 ? [`… and ${more} lines more`] : []),
        `${found.spans.length} spans, in ${through.join(", ")} and at the gateway`,
      ],
      again: (kerf) => [kerf(`trace ${traceId}`), kerf("traces 'service:payments'")],
    };
  },
};
