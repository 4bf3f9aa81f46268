// The host program of a unit, started by the platform with its boot document on descriptor 3: it loads the unit's services, and
// only them, and serves them until it is told to stop, or until whoever started everything is gone. Stdout and stderr are its
// log file. It ends with one of `exitCodes`. Arguments: the instance's id, for whoever lists processes; the app module and the
// services, to load them while the boot document is still being made.
import { readBoot, watchLifeline } from "@kerf/call/host";
import { describeError, KerfError, type Lifecycle } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import { assembleHost } from "./assemble.ts";
import { installLoader } from "../loader/loader.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { preload } from "./preload.ts";

/** How long draining may take once the launcher is gone, milliseconds: everything ends within 5 s of it. */
const orphanedMs = 3_000;

const sink = (line: string): void => void process.stdout.write(`${line}\n`);
let log = new Logger({ level: "info", sink });
process.on("uncaughtException", (error, origin) => {
  log.error(
    `the program failed outside of any call (${origin}); it ends so that it is started anew`,
    { error },
  );
  process.exit(exitCodes.failed);
});

// From the first moment: what an author's module waits for while it loads may never come.
let lifecycle: Lifecycle | undefined;
process.on("SIGTERM", () => stop("SIGTERM"));
process.on("SIGINT", () => stop("SIGINT"));
watchLifeline(() => {
  stop("whoever started everything is gone");
  setTimeout(() => process.exit(exitCodes.stopped), orphanedMs);
});

const loader = installLoader();
const [, appModule, ...services] = process.argv.slice(2);
if (appModule !== undefined) preload(appModule, services);

try {
  const boot = await readBoot();
  log = new Logger({
    level: boot.logLevel,
    sink,
    fields: { unit: boot.unit, instance: boot.instance },
  });
  lifecycle = await assembleHost(boot, log, loader);
  await lifecycle.start();
} catch (thrown) {
  failToStart(thrown);
}

function stop(why: string): void {
  log.info(`stopping: ${why}`);
  if (lifecycle === undefined) process.exit(exitCodes.stopped);
  void lifecycle.stop().then(() => process.exit(exitCodes.stopped));
}

function failToStart(thrown: unknown): never {
  log.error("the unit could not start", {
    error: thrown,
    ...(thrown instanceof KerfError ? { code: thrown.code } : undefined),
  });
  console.error(`\nThe unit could not start.\n${describeError(thrown)}\n`);
  process.exit(exitCodeOf(thrown));
}
