import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Check } from "./check.ts";

const run = promisify(execFile);
/** Connections, logs, sockets and watched files of one program stay far below; macOS starts with 256. */
const comfortable = 1_024;

/** Programs may open enough files. */
export const openFiles: Check = {
  id: "files",
  title: "Open files",
  run: async () => {
    const { stdout } = await run("/bin/sh", ["-c", "ulimit -n"]);
    const limit = stdout.trim();
    const enough = limit === "unlimited" || Number(limit) >= comfortable;
    const detail = limit === "unlimited" ? limit : `${limit} for each program`;
    return enough
      ? { state: "ok", detail }
      : { state: "warning", detail, fix: "Allow more before you start: ulimit -n 4096" };
  },
};
