import type { EventLog } from "../../../progress/event-log.ts";
import type { Engine } from "../engine.ts";
import { localImage, pullImage } from "../pull-image.ts";

/** How many steps a pull is told of in. */
const told = 20;
const megabyte = 1_000_000;

/** The id of an image that a backing service runs: what the engine has, or what its registry does. Throws `not_found`. */
export async function backingImage(
  engine: Engine,
  events: EventLog,
  image: string,
): Promise<string> {
  const local = await localImage(engine, image);
  if (local !== undefined) return local;
  const id = `image:${image}`;
  const title = `Pulling ${image}`;
  let step = 0;
  return events.step(id, title, () =>
    pullImage(engine, image, ({ bytes, of }) => {
      const now = Math.floor((told * bytes) / of);
      if (now <= step) return;
      step = now;
      const detail = `${Math.round(bytes / megabyte)} of ${Math.round(of / megabyte)} MB`;
      events.emit({ type: "step", id, title, state: "started", detail });
    }),
  );
}
