import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Check } from "./check.ts";

const run = promisify(execFile);

/** A POSIX shell with the few tools that clear up after a killed launcher. */
export const shell: Check = {
  id: "shell",
  title: "Shell",
  run: async () => {
    const script =
      'for tool in sed tr head sleep kill; do command -v "$tool" >/dev/null || echo "$tool"; done; [ -r /proc/self/cmdline ] || command -v ps >/dev/null || echo ps';
    const { stdout } = await run("/bin/sh", ["-c", script]);
    const missing = stdout.split("\n").filter((tool) => tool !== "");
    return missing.length === 0
      ? { state: "ok", detail: "/bin/sh with all it needs" }
      : {
          state: "failed",
          detail: `/bin/sh finds no ${missing.join(", ")}`,
          fix: "Install them (coreutils, sed, procps): without them a killed launcher leaves processes behind.",
        };
  },
};
