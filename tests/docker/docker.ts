import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Longest output of a command, bytes: everything about every container of an app. */
const mostBytes = 64 * 1_048_576;

/** Runs a command of Docker's. Answers what it prints. */
export async function docker(...args: readonly string[]): Promise<string> {
  return (await run("docker", args, { maxBuffer: mostBytes })).stdout.trim();
}

/** Why there is no Docker here. Continuous integration may not run one: these tests are left out there. */
export async function lackingDocker(): Promise<string | undefined> {
  try {
    await docker("version", "--format", "{{.Server.Version}}");
    return undefined;
  } catch {
    const reason = "needs Docker, which is not there; npm run test:docker runs these alone";
    console.log(`skipped: ${reason}`);
    return reason;
  }
}
