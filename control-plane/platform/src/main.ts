// The platform process of one environment. It is started by a launcher, with progress events on descriptor 3 and the launcher's
// lifeline on descriptor 4 (KERF_LIFELINE_FD), or by itself. Its own death ends nothing: the next one takes over what runs.
import { watchLifeline } from "@kerf/call/host";
import { KerfError, systemClock, toKerfError } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import { parseOptions } from "./options.ts";
import { Platform } from "./platform.ts";
import { EventLog } from "./progress/event-log.ts";
import { progressPipe } from "./progress/progress-pipe.ts";
import { ownLifeline } from "./runtimes/process.ts";

/** How long the end may take once the launcher is gone, in milliseconds: everything is over within 5 s. */
const orphanedMs = 4_500;

const clock = systemClock;
const events = new EventLog(clock);
events.subscribe(progressPipe());
let log = new Logger({
  level: "info",
  sink: (line) => void process.stdout.write(`${line}\n`),
  fields: { unit: "platform" },
});

let platform: Platform | undefined;
process.on("uncaughtException", (error, origin) => {
  // What runs goes on without us; the next platform begins from what is true then.
  log.error(`the platform failed (${origin})`, { error });
  process.exit(1);
});

try {
  const options = parseOptions(process.argv.slice(2));
  log = new Logger({
    level: options.logLevel,
    sink: (line) => void process.stdout.write(`${line}\n`),
    fields: { unit: "platform" },
  });
  platform = await Platform.open(options, { clock, log, events, lifeline: ownLifeline() });
  stopWhenAsked(platform);
  await platform.start();
} catch (thrown) {
  await fail(thrown);
}

function stopWhenAsked(running: Platform): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => void running.stop(`it was asked to (${signal})`));
  }
  watchLifeline(() => {
    void running.stop("whoever started everything is gone", "orphaned");
    clock.after(orphanedMs, () => process.exit(1));
  });
  void running.whenStopped.then(() => process.exit(0));
}

async function fail(thrown: unknown): Promise<void> {
  const error = toKerfError(thrown);
  // Stopped in the middle of its start: that was asked for, and ends by itself.
  if (error.code === "cancelled") return;
  log.error("the platform could not start", { error: thrown, code: error.code });
  events.problem(error, undefined, (error.data as { log?: string[] } | undefined)?.log, true);
  await platform?.stop("it could not start");
  process.exitCode = 1;
  process.exit();
}
