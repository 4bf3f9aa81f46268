import { setTimeout as wait } from "node:timers/promises";
import type { ProgressEvent, Status } from "@kerf/control-api";
import { type ErrorShape, KerfError } from "@kerf/kernel";
import { platformArguments } from "../commands/start-options.ts";
import type { UpOptions } from "../commands/up.ts";
import { connect } from "../connection/connect.ts";
import { homeToStart } from "../connection/home.ts";
import { exitCodeOfError, exitCodes } from "../exit-code.ts";
import { findApp } from "../launcher/app-file.ts";
import { HomeClaim } from "../launcher/home-claim.ts";
import { failedStart } from "../launcher/failed-start.ts";
import { type PlatformExit, PlatformProcess } from "../launcher/platform-process.ts";
import { readyText } from "../launcher/ready-text.ts";
import { onStopRequest } from "../launcher/stop-requests.ts";
import { printError } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { type ProgressView, progressView } from "../output/progress-view.ts";
import { runningPlatform } from "./running-platform.ts";

/** How long a platform that somebody else is starting may take to be ready, and how often it is asked, in milliseconds. */
const startingMs = 120_000;
const pollMs = 200;

/** Runs an app in the background; resolves with the exit code when it is ready, or when it is known that it will not be. */
export async function up(options: UpOptions): Promise<number> {
  const cwd = process.cwd();
  const app = findApp(options.app, cwd);
  const home = homeToStart(options.home, process.env, cwd);
  const view = progressView(cwd);
  const claim = await HomeClaim.take(home, (text) => view.note(text));
  try {
    if ((await runningPlatform(home)) !== undefined) {
      await showRunning(home, view, options);
      return exitCodes.ok;
    }
    const args = [
      ...platformArguments(options, { app, home, cwd }),
      "--environment",
      options.environment,
      "--releases",
      "--runtime",
      options.runtime,
      ...(options.postgres === undefined ? [] : ["--postgres", options.postgres]),
    ];
    return await start(home, args, view, options);
  } finally {
    view.close();
    claim.release();
  }
}

/** What a start has come to. */
type Outcome =
  | { readonly is: "ready"; readonly status: Status }
  | { readonly is: "ended"; readonly exit: PlatformExit }
  | { readonly is: "interrupted" };

async function start(
  home: string,
  args: readonly string[],
  view: ProgressView,
  { json }: UpOptions,
): Promise<number> {
  const startedAt = performance.now();
  const outcome = Promise.withResolvers<Outcome>();
  let fatal: ErrorShape | undefined;
  const platform = new PlatformProcess({
    program: import.meta.resolve("@kerf/platform/main"),
    home,
    args,
    endsWithUs: false,
    onEvent: (event: ProgressEvent) => {
      view.event(event);
      if (event.type === "problem" && event.fatal === true) fatal = event.error as ErrorShape;
      if (event.type === "ready") outcome.resolve({ is: "ready", status: event.status });
    },
  });
  void platform.exited.then((exit) => outcome.resolve({ is: "ended", exit }));
  const unlisten = onStopRequest(() => outcome.resolve({ is: "interrupted" }));
  const end = await outcome.promise;
  unlisten();
  platform.letGo();
  if (end.is === "interrupted") {
    view.note("It goes on starting in the background: kerf status shows it, kerf down stops it.");
    return exitCodes.interrupted;
  }
  if (end.is === "ended") {
    // The platform has said itself what is wrong, as a rule.
    if (fatal === undefined) throw await failedStart(platform, end.exit);
    if (json === true) printError(fatal);
    return exitCodeOfError(fatal.code);
  }
  if (json === true) printJson({ type: "started", status: end.status });
  else view.result(await text(home, end.status, performance.now() - startedAt));
  return exitCodes.ok;
}

async function showRunning(home: string, view: ProgressView, options: UpOptions): Promise<void> {
  const status = await statusOnceStarted(home);
  if (options.json === true) printJson({ type: "running", status });
  else view.result(await text(home, status, undefined));
}

/** Somebody else may have begun to start it a moment ago. */
async function statusOnceStarted(home: string): Promise<Status> {
  for (let waited = 0; ; waited += pollMs) {
    const late = waited >= startingMs;
    const status = await connect({ home })
      .then(({ client }) => client.status({}))
      .catch((error: unknown) => {
        if (late) throw error;
        return undefined;
      });
    if (status !== undefined && status.phase !== "starting") return status;
    if (late) throw notReady(home);
    await wait(pollMs);
  }
}

function notReady(home: string): KerfError {
  return new KerfError("platform_unreachable", {
    message: `A platform is there, but not ready after ${startingMs / 1_000} s.`,
    why: `The one that works with ${home} is still starting.`,
    fix: "See what it does with kerf logs platform, or stop it with kerf down.",
  });
}

function text(home: string, status: Status, readyMs: number | undefined): Promise<string> {
  return readyText(home, status, {
    readyMs,
    where: "here",
    stop: (command) => command("down"),
  });
}
