import { execFile } from "node:child_process";
import type { BuildDescriptor } from "@kerf/service/builds";
import { programEnvironment } from "../runtimes/environment.ts";

/** How long git may take, milliseconds: what it says is for people only. */
const boundMs = 5_000;

/** What is checked out in a folder; undefined outside of git, and where there is no git. */
export async function sourceRevision(folder: string): Promise<BuildDescriptor["source"]> {
  const revision = await git(folder, "rev-parse", "HEAD");
  if (revision === undefined) return undefined;
  const status = await git(folder, "status", "--porcelain", "--", ".");
  return { revision: revision.trim(), changed: status !== "" };
}

function git(folder: string, ...args: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: boundMs, env: programEnvironment() };
    // Its failure means that there is nothing to say.
    execFile("git", ["--no-optional-locks", ...args], options, (error, stdout) =>
      resolve(error === null ? stdout : undefined),
    );
  });
}
