import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { programs } from "../programs.ts";
import { programEnvironment, programExecArgv } from "../runtimes/environment.ts";
import { giveWayWhileStarting } from "../runtimes/processor-share.ts";
import type { Launch } from "../runtimes/runtime.ts";
import { currentBundle } from "./bundle-record.ts";

/** How long making it may take, milliseconds: two seconds of a processor that others want as well. */
const boundMs = 300_000;
/** Characters of what it says that are kept. */
const saidCharacters = 4_000;

/** What it needs of the platform. */
export interface ProgramBundleOptions {
  /** Where bundles lie. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Kerf's programs as a few modules, for copies that run builds: a start is then as cheap as in an image. Made once for what is installed, in a process of
 * its own. Until it is there, and where it cannot be made, programs are loaded module by module.
 */
export class ProgramBundle {
  readonly #options: ProgramBundleOptions;
  #bundle: string | undefined;
  #isLookedFor = false;

  constructor(options: ProgramBundleOptions) {
    this.#options = options;
  }

  /** The path of a copy's program; undefined where it is loaded module by module: source of an author's finds Kerf where it is installed, and there is one Kerf in a process. */
  readonly pathOf = ({ preload, program }: Launch): string | undefined => {
    const { builds = {}, services } = preload;
    if (!services.every((name) => name in builds)) return undefined;
    if (!this.#isLookedFor) {
      this.#isLookedFor = true;
      this.#bundle = currentBundle(this.#options.folder);
    }
    if (this.#bundle === undefined) return undefined;
    const path = join(this.#bundle, `${program}.js`);
    // Somebody may have tidied up.
    return existsSync(path) ? path : undefined;
  };

  /** Makes it unless it is there. Never rejects: starts only take longer without it. */
  async prepare(): Promise<void> {
    const { clock, folder, log, signal } = this.#options;
    if (signal.aborted || currentBundle(folder) !== undefined) return;
    try {
      const args = [...programExecArgv(), programs.programBundle, folder];
      const child = spawn(process.execPath, args, {
        detached: true,
        stdio: ["ignore", "ignore", "pipe"],
        env: programEnvironment(),
        timeout: boundMs,
        signal,
      });
      let said = "";
      child.stderr.on("data", (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-saidCharacters);
      });
      const closed = once(child, "close") as Promise<[number | null]>;
      const ended = closed.catch(() => undefined);
      if (child.pid !== undefined) giveWayWhileStarting(child.pid, ended, clock);
      const [code] = await closed;
      if (code !== 0) throw new Error(said === "" ? `It ended with ${code}.` : said);
      this.#bundle = currentBundle(folder);
      this.#isLookedFor = true;
    } catch (error) {
      if (!signal.aborted)
        log.warn("Kerf's programs could not be put together; they are loaded module by module", {
          error,
        });
    }
  }
}
