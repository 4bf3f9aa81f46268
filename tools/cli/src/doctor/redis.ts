import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Check } from "./check.ts";

const run = promisify(execFile);
/** Programs that speak Redis, the usual one first. */
const programs = ["redis-server", "valkey-server"];

/** What is started for services that declare `redis: true`. Nothing is wrong without one: few apps have such services. */
export const redis: Check = {
  id: "redis",
  title: "Redis",
  run: async () => {
    for (const program of programs) {
      const version = await versionOf(program);
      if (version !== undefined) return { state: "ok", detail: `${program} ${version}` };
    }
    return { state: "ok", detail: "none here; only services with redis: true need one" };
  },
};

async function versionOf(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, ["--version"]);
    return /\bv=(\S+)/.exec(stdout)?.[1] ?? "";
  } catch {
    return undefined;
  }
}
