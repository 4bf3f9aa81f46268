// The platform process of one environment. It is started by a launcher, with progress events on descriptor 3 and the launcher's
// lifeline on descriptor 4 (KERF_LIFELINE_FD), or by itself. Its own death ends nothing: the next one takes over what runs.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock, toKerfError } from "@kerf/kernel";
import { Logger, type LogLevel } from "@kerf/telemetry";
import { describeApp } from "./manifest/describe.ts";
import { isUnchanged, lastApp } from "./manifest/last-app.ts";
import { parseOptions, type PlatformOptions } from "./options.ts";
import type { Platform } from "./platform.ts";
import { programs } from "./programs.ts";
import { EventLog } from "./progress/event-log.ts";
import { progressPipe } from "./progress/progress-pipe.ts";
import { ownLifeline } from "./runtimes/process.ts";

/** How long the end may take once the launcher is gone, in milliseconds: everything is over within 5 s. */
const orphanedMs = 4_500;

const clock = systemClock;
const events = new EventLog(clock);
const launcher = progressPipe();
events.subscribe((event) => launcher.write(event));
let log = logger("info");
let platform: Platform | undefined;

process.on("uncaughtException", (error, origin) => {
  // What runs goes on without us; the next platform begins from what is true then.
  log.error(`the platform failed (${origin})`, { error });
  process.exit(1);
});

try {
  const options = parseOptions(process.argv.slice(2));
  log = logger(options.logLevel);
  const describe = (how: Parameters<typeof describeApp>[2]) =>
    describeApp(programs.describe, options.app, how);
  // The app is read in a process of its own: it may begin while our own modules are still being loaded.
  const headStart = new AbortController();
  let first: ReturnType<typeof describe> | undefined = comesBack(options)
    ? undefined
    : describe({ signal: headStart.signal });
  first?.catch(() => {}); // Whoever asks for it is told.
  try {
    const { Platform } = await import("./platform.ts");
    platform = await Platform.open(options, {
      clock,
      log,
      events,
      lifeline: ownLifeline(),
      describe: (signal) => {
        const begun = first;
        first = undefined;
        return begun ?? describe({ signal, background: true });
      },
    });
    await stopWhenAsked(platform);
    await platform.start();
  } catch (thrown) {
    headStart.abort();
    throw thrown;
  }
} catch (thrown) {
  await fail(thrown);
}

/** Whether a platform before us ended without a word, and the app is still as that one read it: then it will not be read again. */
function comesBack({ app, home }: PlatformOptions): boolean {
  const last = lastApp(join(home, "state"), app);
  return last !== undefined && hasFiles(join(home, "run", "instances")) && isUnchanged(last);
}

function hasFiles(directory: string): boolean {
  try {
    return readdirSync(directory).length > 0;
  } catch {
    return false;
  }
}

function logger(level: LogLevel): Logger {
  const sink = (line: string): void => void process.stdout.write(`${line}\n`);
  return new Logger({ level, sink, fields: { unit: "platform" } });
}

async function stopWhenAsked(running: Platform): Promise<void> {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => void running.stop(`it was asked to (${signal})`));
  }
  void running.whenStopped.then(end);
  const { watchLifeline } = await import("@kerf/call/host");
  watchLifeline(() => {
    void running.stop("whoever started everything is gone", "orphaned");
    clock.after(orphanedMs, () => process.exit(1));
  });
}

async function end(): Promise<void> {
  await launcher.flush();
  process.exit();
}

async function fail(thrown: unknown): Promise<void> {
  const error = toKerfError(thrown);
  // Stopped in the middle of its start: that was asked for, and ends by itself.
  if (platform?.status().phase === "stopping") return;
  process.exitCode = 1;
  log.error("the platform could not start", { error: thrown, code: error.code });
  events.problem(error, undefined, (error.data as { log?: string[] } | undefined)?.log, true);
  // What a platform before us started goes on serving; whoever started us tries again, or ends it.
  if (platform === undefined || platform.takesOver) await end();
  else await platform.stop("it could not start");
}
