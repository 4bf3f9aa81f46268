import { spawn } from "node:child_process";
import { join } from "node:path";
import { workspaceNode } from "./workspace-node.mjs";

/** How long it may take, milliseconds; what is not ready by then is made at the first start. */
const bound = 60_000;

/** Does once what every first start would do again: PostgreSQL's empty cluster and compiled code. Nothing depends on its success. */
export function warmUp(root) {
  return new Promise((resolve) => {
    const child = spawn(
      workspaceNode(root),
      ["--conditions=kerf-source", join(root, "scripts", "warm-up.ts")],
      {
        cwd: root,
        stdio: "ignore",
        timeout: bound,
        env: {
          ...process.env,
          NODE_COMPILE_CACHE:
            process.env.NODE_COMPILE_CACHE ?? join(root, "node_modules", ".cache", "compile"),
        },
      },
    );
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  });
}
