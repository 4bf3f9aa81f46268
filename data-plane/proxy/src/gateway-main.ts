// The program of a gateway, started by the platform with its boot document on descriptor 3. It serves until it is told to
// stop, or until whoever started everything is gone; the platform may come and go meanwhile. Stdout and stderr are its log
// file. It ends with 0 when it was stopped, 78 when starting it again changes nothing until somebody acts, 70 otherwise.
import { readBoot, returnMemoryWhenIdle, watchLifeline } from "@kerf/call/host";
import { describeError, KerfError, type Lifecycle, systemClock } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import { assembleGateway } from "./gateway.ts";

/** How long draining may take once the launcher is gone, milliseconds: everything ends within 5 s of it. */
const orphanedMs = 4_000;
/** Exit codes of BSD's sysexits.h. */
const failed = 70;
const misconfigured = 78;

const sink = (line: string): void => void process.stdout.write(`${line}\n`);
let log = new Logger({ level: "info", sink });
process.on("uncaughtException", (error, origin) => {
  log.error(
    `the gateway failed outside of any request (${origin}); it ends so that it is started anew`,
    { error },
  );
  process.exit(failed);
});

try {
  const boot = await readBoot();
  log = new Logger({
    level: boot.logLevel,
    sink,
    fields: { unit: boot.unit, instance: boot.instance, release: boot.release },
  });
  const { lifecycle } = await assembleGateway(boot, log);
  stopWhenAsked(lifecycle);
  await lifecycle.start();
  returnMemoryWhenIdle({ clock: systemClock });
} catch (thrown) {
  failToStart(thrown);
}

function stopWhenAsked(lifecycle: Lifecycle): void {
  const stop = (why: string): void => {
    log.info(`stopping: ${why}`);
    void lifecycle.stop().then(() => process.exit(0)); // Never rejects.
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
  watchLifeline(() => {
    stop("whoever started everything is gone");
    systemClock.after(orphanedMs, () => process.exit(0));
  });
}

function failToStart(thrown: unknown): never {
  log.error("the gateway could not start", {
    error: thrown,
    ...(thrown instanceof KerfError ? { code: thrown.code } : undefined),
  });
  console.error(`\nThe gateway could not start.\n${describeError(thrown)}\n`);
  process.exit(thrown instanceof KerfError ? misconfigured : failed);
}
