// The program that turns an app module into its manifest: `node @kerf/service/describe APP_MODULE [--for-build]`. Stdout carries exactly one
// JSON document: an AppManifest with exit code 0, or a ManifestFailure with exit code 1. What authors' modules print goes to
// stderr. The platform runs none of an author's code itself. With `--for-build` it says what services were written against too, and
// takes the module of a single service as well.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { KerfError, systemClock } from "@kerf/kernel";
import { installLoader } from "../loader/loader.ts";
import type { AppManifest, ManifestFailure } from "../manifest.ts";
import { describeApp } from "./describe-app.ts";
import { describeForBuild } from "./describe-for-build.ts";
import { loadProblem } from "../declaration/load-problem.ts";

const print = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
// An author's promise that nobody waits for is no reason to hide the rest of the app.
process.on("unhandledRejection", (reason) =>
  console.error("A promise was rejected and nobody waited for it:", reason),
);
process.on("uncaughtException", (thrown) => end(1, failure(thrown)));
// A module that waits for ever at its top level is reported when its time is over, not taken for the end of the program.
setInterval(() => {}, 60_000);

try {
  const { values, positionals } = parseArgs({
    options: { "for-build": { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const [given] = positionals;
  if (given === undefined) {
    throw new KerfError("invalid_configuration", {
      message: "No app module was given.",
      fix: "Call it with the path of the app module.",
    });
  }
  const describe = values["for-build"] ? describeForBuild : describeApp;
  end(0, await describe(resolve(given), installLoader(), systemClock));
} catch (thrown) {
  end(1, failure(thrown));
}

function failure(thrown: unknown): ManifestFailure {
  const error =
    thrown instanceof KerfError
      ? thrown
      : new KerfError("start_failed", { message: loadProblem("The app", thrown), cause: thrown });
  const problems = (error.data as { problems?: string[] } | undefined)?.problems ?? [error.message];
  return { error: error.toShape(), problems };
}

/** Ends here, whatever timers and sockets authors' modules have opened. */
function end(code: number, document: AppManifest | ManifestFailure): void {
  print(JSON.stringify(document), () => process.exit(code));
}
