import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { ProgressEvent } from "@kerf/control-api";
import { type ErrorShape, KerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { EventLog } from "../progress/event-log.ts";
import { programEnvironment, programExecArgv } from "../runtimes/environment.ts";

/** How long building all services may take, milliseconds. */
const boundMs = 300_000;

/** An app with the builds of all of its services. */
export interface BuiltApp {
  readonly manifest: AppManifest;
  /** Digests by the names of services and backends. */
  readonly builds: Readonly<Record<string, string>>;
}

/** Builds everything of an app, in a process of its own, and shows how far it is. Throws what is wrong with the app. */
export function buildApp(options: {
  /** The builder, by path. */
  readonly program: string;
  readonly app: string;
  /** Folder of all builds. */
  readonly out: string;
  readonly events: EventLog;
  readonly signal: AbortSignal;
}): Promise<BuiltApp> {
  const { app, events, out, program, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [...programExecArgv(), program, "--module", app, "--out", out],
      {
        stdio: ["ignore", "pipe", "inherit", "pipe"],
        env: programEnvironment(),
        timeout: boundMs,
        signal,
      },
    );
    createInterface({ input: child.stdio[3] as Readable }).on("line", (line) => {
      const { sequence: _sequence, time: _time, ...event } = JSON.parse(line) as ProgressEvent;
      if (event.type === "step") events.emit(event);
    });
    const output: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
    child.once("error", (cause) => reject(notBuilt(cause.message, cause)));
    child.once("close", (code) => {
      let said: {
        builds?: { service: string; digest: string }[];
        manifest?: AppManifest;
        error?: ErrorShape;
      };
      try {
        said = JSON.parse(Buffer.concat(output).toString()) as typeof said;
      } catch (cause) {
        return reject(notBuilt(`The builder ended with ${code ?? "a signal"}.`, cause));
      }
      if (said.builds === undefined || said.manifest === undefined)
        return reject(
          said.error === undefined ? notBuilt("It says nothing.") : KerfError.fromShape(said.error),
        );
      const builds = said.builds.map(({ digest, service }) => [service, digest]);
      resolve({
        manifest: said.manifest,
        builds: Object.fromEntries(builds) as BuiltApp["builds"],
      });
    });
  });
}

function notBuilt(why: string, cause?: unknown): KerfError {
  return new KerfError("start_failed", {
    message: "The app could not be built.",
    why,
    fix: "kerf build says more.",
    cause,
  });
}
