// Boundary: the `kerf` command as a program. Reads arguments, runs one command, ends with a documented exit code.
import { program } from "./program.ts";
import { exitCodeOf, exitCodes } from "./exit-code.ts";
import { printFailure, wantsJson } from "./output/failure.ts";
import { endQuietlyOnBrokenPipe } from "./output/broken-pipe.ts";

endQuietlyOnBrokenPipe();
const args = process.argv.slice(2);
try {
  await program().parseAsync(args, { from: "user" });
} catch (thrown) {
  const code = exitCodeOf(thrown);
  // What was left has said so, and may have left a request open, whose answer nobody waits for.
  if (code === exitCodes.interrupted) process.exit(code);
  if (code !== 0) printFailure(thrown, wantsJson(args));
  process.exitCode = code;
}
