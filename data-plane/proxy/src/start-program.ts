import { type AnyBoot, type Boot } from "@kerf/call";
import {
  keepAlive,
  readBoot,
  type ReadBootOptions,
  returnMemoryWhenIdle,
  watchLifeline,
} from "@kerf/call/host";
import { describeError, KerfError, type Lifecycle, systemClock } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";

/** How long draining may take once the launcher is gone, milliseconds: everything ends within 5 s of it. */
const orphanedMs = 4_000;
/** Exit codes of BSD's sysexits.h. */
const failed = 70;
const misconfigured = 78;

/**
 * Runs a program of the data plane from its boot document until it is told to stop, or until whoever started everything is gone; the platform may come and go
 * meanwhile. Stdout and stderr are its log. It ends with 0 when it was stopped, 78 when starting it again changes nothing until somebody acts, 70 otherwise.
 * @param what as people call it: `gateway`
 * @param readers what secrets of a boot document mean, of a program that has a database or a broker
 */
export async function startProgram(
  what: string,
  assemble: (boot: AnyBoot, log: Logger) => Promise<Lifecycle>,
  readers: Omit<ReadBootOptions, "file"> = {},
): Promise<void> {
  const sink = (line: string): void => void process.stdout.write(`${line}\n`);
  let log = new Logger({ level: "info", sink });
  process.on("uncaughtException", (error, origin) => {
    log.error(
      `the ${what} failed outside of any request (${origin}); it ends so that it is started anew`,
      { error },
    );
    process.exit(failed);
  });
  try {
    const boot = await readBoot(readers);
    log = new Logger({ level: boot.logLevel, sink, fields: fieldsOf(boot) });
    const lifecycle = await assemble(boot, log);
    stopWhenAsked(lifecycle, log);
    const letGo = keepAlive();
    await lifecycle.start();
    letGo();
    returnMemoryWhenIdle({ clock: systemClock });
  } catch (thrown) {
    failToStart(what, thrown, log);
  }
}

function fieldsOf({ instance, release, unit }: Pick<Boot, "instance" | "release" | "unit">) {
  return { unit, instance, release };
}

function stopWhenAsked(lifecycle: Lifecycle, log: Logger): void {
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

function failToStart(what: string, thrown: unknown, log: Logger): never {
  log.error(`the ${what} could not start`, {
    error: thrown,
    ...(thrown instanceof KerfError ? { code: thrown.code } : undefined),
  });
  console.error(`\nThe ${what} could not start.\n${describeError(thrown)}\n`);
  process.exit(thrown instanceof KerfError ? misconfigured : failed);
}
