import { toKerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { EventLog } from "../progress/event-log.ts";
import type { Home } from "../state/home.ts";
import { isUnchanged, keepApp, lastApp } from "./last-app.ts";

/**
 * The app as it is now. A platform that comes back while parts of it run takes what was read before when nothing of it has changed:
 * reading it costs a second of a core, which those parts need. While it cannot be read (the platform came back in the middle of somebody's
 * edit), it is as it was when it could be read last: what runs must not suffer from it.
 */
export async function readApp(options: {
  home: Home;
  app: string;
  /** Whether anything of it runs already. */
  adopting: boolean;
  /** When reading had not begun yet, milliseconds of the system's clock. */
  since: number;
  describe(): Promise<AppManifest>;
  events: EventLog;
}): Promise<AppManifest> {
  const { home, app, adopting, since } = options;
  const last = adopting ? lastApp(home.state, app) : undefined;
  if (last !== undefined && isUnchanged(last)) return last.manifest;
  try {
    const manifest = await options.describe();
    await keepApp(home.state, app, manifest, since);
    return manifest;
  } catch (thrown) {
    if (last === undefined) throw thrown;
    options.events.problem(toKerfError(thrown), "app");
    return last.manifest;
  }
}
