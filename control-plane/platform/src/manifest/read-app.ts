import { join } from "node:path";
import { type KerfError, toKerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import { programs } from "../programs.ts";
import type { Home } from "../state/home.ts";
import { readJson, writeJson } from "../state/json-file.ts";
import { describeApp } from "./describe.ts";

/**
 * The app as it is now. While it cannot be read although parts of it run (a platform came back in the middle of somebody's
 * edit), as it was when it could be read last: what runs must not suffer from it.
 */
export async function readApp(options: {
  home: Home;
  app: string;
  /** Whether anything of it runs already. */
  adopting: boolean;
  problem(error: KerfError): void;
  signal?: AbortSignal;
}): Promise<AppManifest> {
  const file = join(options.home.state, "manifest.json");
  try {
    const manifest = await describeApp(programs.describe, options.app, options.signal);
    await writeJson(file, { appModule: options.app, manifest });
    return manifest;
  } catch (thrown) {
    const last = options.adopting
      ? readJson<{ appModule: string; manifest: AppManifest }>(file)
      : undefined;
    if (last?.appModule !== options.app) throw thrown;
    options.problem(toKerfError(thrown));
    return last.manifest;
  }
}
