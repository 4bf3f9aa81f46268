import type { UnitStatus } from "@kerf/control-api";
import { type Act, promised } from "../act.ts";
import { eventually } from "../eventually.ts";
import { assertNoneFailed, underLoad } from "../load.ts";
import { change, readyCopies, restoreCopies, unitOf } from "../units.ts";

/** How many copies more there are to be. */
const more = 2;
/** How long it may take until each copy has said that it was called, milliseconds; they say so every few seconds. */
const calledMs = 20_000;

/** More copies of one service. */
export const scale: Act = {
  name: "scale",
  shows: "Search gets two copies more while people search; the calls spread over all of them.",
  async leftOut({ connection }) {
    const { instances, scaling } = unitOf(await connection.client.status({}), "search");
    if (scaling?.asleep === true) return "search sleeps until somebody calls it";
    return instances.length + more > 100 ? "search has as many copies as there may be" : undefined;
  },
  async play(stage) {
    const { client } = stage.connection;
    const before = unitOf(await client.status({}), "search");
    const copies = before.instances.length + more;
    try {
      const { seen } = await underLoad(stage.visitor, stage.signal, async () => {
        await change(stage, (asked) => client.scale({ ...asked, unit: before.name, copies }));
        const bounds = { withinMs: calledMs, signal: stage.signal };
        await eventually(`all ${copies} copies of search are called`, bounds, async () => {
          const now = unitOf(await client.status({}), "search");
          return called(now).length === copies ? true : undefined;
        });
      });
      // Only now: what a copy says of its first moments is no rate yet.
      const shared = unitOf(await client.status({}), "search");
      assertNoneFailed(seen);
      promised(readyCopies(shared).length === copies, "not all copies are ready");
      return {
        lines: [
          ...shared.instances.map(
            ({ id, load }) => `${id}  ${load?.callsPerSecond.toFixed(0) ?? "0"} calls/s`,
          ),
          `0 failed of ${seen.requests} requests; afterwards it is at ${before.instances.length} again`,
        ],
        again: (kerf) => [
          kerf(`scale ${before.name} ${copies}`),
          kerf("status"),
          kerf(`scale ${before.name} ${before.instances.length}`),
        ],
      };
    } finally {
      await restoreCopies(stage, before);
    }
  },
};

/** The copies that somebody called lately. */
function called({ instances }: UnitStatus): readonly unknown[] {
  return instances.filter(
    ({ load, state }) => state === "ready" && (load?.callsPerSecond ?? 0) > 0,
  );
}
