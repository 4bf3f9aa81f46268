import { keepAlive, readBoot, returnMemoryWhenIdle, watchLifeline } from "@kerf/call/host";
import { DatabaseServer } from "@kerf/data";
import { secretBrokerPlace } from "@kerf/events";
import { describeError, KerfError, type Lifecycle, systemClock } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import { installLoader } from "../loader/loader.ts";
import { assembleHost } from "./assemble.ts";
import type { MakeCompanion } from "./companion.ts";
import { openTelemetryOf } from "../opentelemetry/open-telemetry.ts";
import { redisOfUrl } from "../runtime/redis.ts";
import { redactor } from "../runtime/sealed-secrets.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { preload } from "./preload.ts";

/** How long draining may take once the launcher is gone, milliseconds: everything ends within 5 s of it. */
const orphanedMs = 3_000;

/**
 * Makes this process an instance of a unit, from its boot document to its end; `companion` implements the unit's services when
 * this process does not.
 */
export async function runHost(companion?: MakeCompanion): Promise<void> {
  const sink = (line: string): void => void process.stdout.write(`${line}\n`);
  let log = new Logger({ level: "info", sink });
  // What handlers throw and log may quote a secret.
  let redact = redactor([]);
  process.on("uncaughtException", (error, origin) => {
    log.error(
      `the program failed outside of any call (${origin}); it ends so that it is started anew`,
      { error },
    );
    process.exit(exitCodes.failed);
  });

  // From the first moment: what an author's module waits for while it loads may never come.
  let lifecycle: Lifecycle | undefined;
  const stop = (why: string): void => {
    log.info(`stopping: ${why}`);
    if (lifecycle === undefined) process.exit(exitCodes.stopped);
    void lifecycle.stop().then(() => process.exit(exitCodes.stopped));
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
  watchLifeline(() => {
    stop("whoever started everything is gone");
    setTimeout(() => process.exit(exitCodes.stopped), orphanedMs);
  });

  const loader = installLoader();
  const [, appModule, ...services] = process.argv.slice(2);
  // Before any module of the author's: what asks for a tracer while it loads gets ours.
  const openTelemetry = await openTelemetryOf(appModule).catch((error: unknown) => {
    log.warn("OpenTelemetry's API cannot be loaded: what is recorded through it is lost", {
      error,
    });
    return undefined;
  });
  if (appModule !== undefined) preload(appModule, services);

  try {
    const boot = await readBoot({
      databaseOf: (url) => DatabaseServer.fromUrl(url).admin(),
      brokerOf: secretBrokerPlace,
      redisOf: redisOfUrl,
    });
    redact = redactor([
      ...Object.values(boot.settings ?? {}).flatMap(({ secrets }) => Object.values(secrets)),
      ...Object.values(boot.redis ?? {}).map(({ password }) => password),
    ]);
    log = new Logger({
      level: boot.logLevel,
      sink: (line) => sink(redact(line)),
      fields: { unit: boot.unit, instance: boot.instance, release: boot.release },
    });
    if (boot.platform === undefined && boot.migrate !== undefined) {
      const { migrateDatabases } = await import("./migrate-databases.ts");
      await migrateDatabases(boot, boot.migrate, log);
      process.exit(exitCodes.stopped);
    }
    const failed = (error: KerfError): void => {
      log.error(error.message, { error, code: error.code });
      process.exit(exitCodes.failed);
    };
    lifecycle = await assembleHost(boot, log, { loader, companion, openTelemetry, failed });
    const letGo = keepAlive();
    await lifecycle.start();
    letGo();
    returnMemoryWhenIdle({ clock: systemClock });
  } catch (thrown) {
    log.error("the unit could not start", {
      error: thrown,
      ...(thrown instanceof KerfError ? { code: thrown.code } : undefined),
    });
    console.error(redact(`\nThe unit could not start.\n${describeError(thrown)}\n`));
    process.exit(exitCodeOf(thrown));
  }
}
