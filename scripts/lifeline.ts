import { Socket } from "node:net";

/**
 * Ends this process group when the process that started it (scripts/bootstrap/launch.mjs) is gone, whatever killed it.
 * Nothing happens when nobody handed a lifeline over.
 */
export function endWithParent(): void {
  const fd = Number(process.env["KERF_PARENT_LIFELINE_FD"]);
  // What this process starts does not have the descriptor and must not look for it.
  delete process.env["KERF_PARENT_LIFELINE_FD"];
  if (!Number.isInteger(fd) || fd < 3 || Number(process.env["KERF_PARENT_PID"]) !== process.ppid)
    return;
  const lifeline = new Socket({ fd, readable: true, writable: false });
  lifeline.once("close", () => process.kill(0, "SIGKILL"));
  lifeline.on("error", () => {}); // "close" follows and says it all.
  lifeline.resume();
  lifeline.unref();
}
