import { join } from "node:path";
import type { Clock } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { ProgramBundle } from "../program-bundle/program-bundle.ts";
import { programs } from "../programs.ts";
import type { Home } from "../state/home.ts";
import { CompileCache } from "./compile-cache.ts";
import type { Containers } from "./docker/containers.ts";
import { ProcessRuntime } from "./process.ts";

/** What runs programs is put together from. */
export interface RuntimeAround {
  readonly home: Home;
  readonly clock: Clock;
  readonly log: Logger;
  /** Our descriptor of the launcher's lifeline. */
  readonly lifeline: number | undefined;
  /** Whether programs run builds, and not the author's source. */
  readonly runsBuilds: boolean;
  /** Where units run in containers. */
  readonly containers: Containers | undefined;
  /** Aborts when the platform stops. */
  readonly stopping: AbortSignal;
}

/** Puts together what runs programs, and what makes their starts cheaper. Starts nothing. */
export function assembleRuntime(around: RuntimeAround) {
  const { clock, containers, home, lifeline, log, runsBuilds, stopping } = around;
  const compileCache = new CompileCache(join(home.cache, "compiled"), clock);
  const programBundle = runsBuilds
    ? new ProgramBundle({ folder: join(home.cache, "programs"), clock, log, signal: stopping })
    : undefined;
  const processes = new ProcessRuntime({
    clock,
    programs,
    lifeline,
    bundled: programBundle?.pathOf,
    variables: compileCache.variables(),
  });
  const runtime = containers?.beside(processes) ?? processes;
  return { compileCache, programBundle, processes, runtime };
}
