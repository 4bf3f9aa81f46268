// Boundary: from a clone and any Node to an installed workspace and its own Node 26. No dependencies, Node 20 or newer.
import { root } from "./bootstrap/checkout.mjs";
import { explain } from "./bootstrap/failure.mjs";
import { installed } from "./bootstrap/installed.mjs";
import { workspaceNode } from "./bootstrap/workspace-node.mjs";

/** Returns the path of the Node to run the workspace with; installs what is missing first. Ends the process with a clear message when it cannot. */
export async function bootstrap() {
  try {
    if (!installed(root)) {
      // Loaded only when needed: every command of the workspace starts here.
      const { install } = await import("./bootstrap/install.mjs");
      await install(root);
    }
    return workspaceNode(root);
  } catch (error) {
    process.stderr.write(explain(error));
    process.exit(1);
  }
}
