import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { type ErrorShape, KerfError } from "@kerf/kernel";
import type { AppManifest, ManifestFailure } from "@kerf/service";
import { programEnvironment, programExecArgv } from "../runtimes/environment.ts";

/** How long an app may take to be loaded and described, in milliseconds. */
const boundMs = 30_000;
/** Longest manifest, in bytes. */
const longest = 64 * 1024 * 1024;
/** How much of what the app prints meanwhile is kept, in characters. */
const keptOutput = 8_192;

/**
 * Turns an app module into its manifest, in a process of its own: the platform runs none of the author's code. Throws with
 * everything that is wrong with the app. `background`: an app runs, and is not to be slowed down. `forBuild`: it may be the module of one
 * service too, and is told what services were written against.
 */
export function describeApp(
  program: string,
  appModule: string,
  options: { signal?: AbortSignal | undefined; background?: boolean; forBuild?: boolean } = {},
): Promise<AppManifest> {
  const { signal, background = false, forBuild = false } = options;
  return new Promise((resolve, reject) => {
    const args = [program, appModule, ...(forBuild ? ["--for-build"] : [])];
    const child = spawn(process.execPath, [...programExecArgv(), ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: programEnvironment(),
      timeout: boundMs,
      killSignal: "SIGKILL",
      ...(signal === undefined ? undefined : { signal }),
    });
    // While the app runs, whatever serves goes first.
    if (background && child.pid !== undefined) lowerPriority(child.pid);
    const output: Buffer[] = [];
    let size = 0;
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > longest) child.kill("SIGKILL");
      else output.push(chunk);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      printed = (printed + text).slice(-keptOutput);
    });
    child.once("error", (cause) =>
      reject(
        new KerfError("start_failed", {
          message: `The app ${appModule} could not be described.`,
          why: cause.message,
          cause,
        }),
      ),
    );
    child.once("close", (code, killed) => {
      try {
        resolve(read(Buffer.concat(output).toString("utf8")));
      } catch (cause) {
        reject(cause instanceof KerfError ? cause : unreadable(appModule, code ?? killed, printed));
      }
    });
  });
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already, which its own events tell of.
  }
}

function read(text: string): AppManifest {
  const document = JSON.parse(text) as AppManifest | ManifestFailure;
  if (!("error" in document)) return document;
  const error: ErrorShape = document.error;
  throw new KerfError(error.code, { ...error, data: { problems: document.problems } });
}

function unreadable(appModule: string, end: number | string | null, printed: string): KerfError {
  const log = printed.split("\n").filter((line) => line.trim() !== "");
  return new KerfError("start_failed", {
    message:
      end === "SIGKILL"
        ? `The app ${appModule} did not come to an end of loading within ${boundMs / 1_000} s.`
        : `The app ${appModule} ended the process that loads it (${end ?? "?"}).`,
    why: log.at(-1) ?? "It said nothing.",
    fix: "Modules of an app declare services; what takes long, exits or waits belongs into handlers and workers.",
    data: { log: log.slice(-20) },
  });
}
