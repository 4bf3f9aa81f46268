import type { ChangeReport, Status } from "@kerf/control-api";
import { reportText } from "../../changes/report-text.ts";
import { type Act, promised, type Stage } from "../act.ts";
import { assertNoneFailed, underLoad } from "../load.ts";
import { change, placementOf, restoreCopies, unitOf } from "../units.ts";

const service = "inventory";
/** Who calls it: where it joins when it has a program of its own. */
const caller = "orders";
/** For how long calls are measured after it was cut out, milliseconds. */
const watchMs = 5_000;

/** A way of moving the service away from where it is, and back. */
interface Way {
  readonly out: () => Promise<ChangeReport>;
  readonly back: () => Promise<ChangeReport>;
  readonly again: readonly string[];
}

/** A service gets a program of its own, and shares one again. */
export const cut: Act = {
  name: "cut",
  shows:
    "Inventory moves between a program of its own and one that it shares, and back, while it is called; what that costs is measured.",
  async play(stage) {
    const before = await stage.connection.client.status({});
    const way = wayOf(stage, before);
    const { changed, seen } = await underLoad(stage.visitor, stage.signal, async () => {
      try {
        return await way.out();
      } finally {
        await putBack(stage, before, way);
      }
    });
    assertNoneFailed(seen);
    const after = placementOf(await stage.connection.client.status({}));
    promised(after === placementOf(before), `it is not as it was: ${after}`);
    return {
      lines: [
        ...reportText(changed).split("\n"),
        `0 failed of ${seen.requests} requests, there and back`,
      ],
      again: (kerf) => way.again.map(kerf),
    };
  },
};

/** A service that shares a program is cut out and joins again; one that has its own joins its caller and is cut out again. */
function wayOf(stage: Stage, status: Status): Way {
  const { client } = stage.connection;
  const { name, services } = unitOf(status, service);
  const leave = (watched: number): Promise<ChangeReport> =>
    change(stage, (asked) => client.cut({ ...asked, service, watchMs: watched }));
  const enter = (into: string, watched: number): Promise<ChangeReport> =>
    change(stage, (asked) => client.join({ ...asked, service, into, watchMs: watched }));
  if (services.length > 1)
    return {
      out: () => leave(watchMs),
      back: () => enter(name, 0),
      again: [`cut ${service}`, `join ${service} ${name}`],
    };
  const into = unitOf(status, caller).name;
  return {
    out: () => enter(into, watchMs),
    back: () => leave(0),
    again: [`join ${service} ${into}`, `cut ${service}`],
  };
}

/** However far it came: where the service is now says whether there is something to undo. */
async function putBack(stage: Stage, before: Status, { back }: Way): Promise<void> {
  const now = await stage.connection.client.status({});
  const [was, is] = [before, now].map((status) => unitOf(status, service));
  if (was?.name !== is?.name || was?.services.length !== is?.services.length) await back();
  for (const unit of [unitOf(before, service), unitOf(before, caller)])
    await restoreCopies(stage, unit);
}
