// The program that puts Kerf's programs together for a platform that runs releases: `node @kerf/platform/program-bundle FOLDER`. Ends with 0 when
// FOLDER has them, and with 1 and the reason on stderr when not.
import { describeError, toKerfError } from "@kerf/kernel";
import { makeBundle } from "./make-bundle.ts";

try {
  await makeBundle(process.argv[2] ?? "");
} catch (thrown) {
  console.error(describeError(toKerfError(thrown)));
  process.exitCode = 1;
}
