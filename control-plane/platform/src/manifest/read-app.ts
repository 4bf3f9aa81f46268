import { join } from "node:path";
import { toKerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { EventLog } from "../progress/event-log.ts";
import type { Home } from "../state/home.ts";
import { readJson, writeJson } from "../state/json-file.ts";

/**
 * The app as it is now. While it cannot be read although parts of it run (a platform came back in the middle of somebody's
 * edit), as it was when it could be read last: what runs must not suffer from it.
 */
export async function readApp(options: {
  home: Home;
  app: string;
  /** Whether anything of it runs already. */
  adopting: boolean;
  describe(): Promise<AppManifest>;
  events: EventLog;
}): Promise<AppManifest> {
  const file = join(options.home.state, "manifest.json");
  try {
    const manifest = await options.describe();
    await writeJson(file, { appModule: options.app, manifest });
    return manifest;
  } catch (thrown) {
    const last = options.adopting
      ? readJson<{ appModule: string; manifest: AppManifest }>(file)
      : undefined;
    if (last?.appModule !== options.app) throw thrown;
    options.events.problem(toKerfError(thrown), "app");
    return last.manifest;
  }
}
