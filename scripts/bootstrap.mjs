// Boundary: from a clone and any Node to an installed workspace and its own Node 26. No dependencies, Node 20 or newer.
import { root } from "./bootstrap/checkout.mjs";
import { explain } from "./bootstrap/failure.mjs";
import { installed, markInstalled } from "./bootstrap/installed.mjs";
import { withInstallLock } from "./bootstrap/install-lock.mjs";
import { npmCi } from "./bootstrap/npm-ci.mjs";
import { linkPostgres } from "./bootstrap/postgres-links.mjs";
import { workspaceNode } from "./bootstrap/workspace-node.mjs";

/** Returns the path of the Node to run the workspace with; installs what is missing first. Ends the process with a clear message when it cannot. */
export async function bootstrap() {
  try {
    if (!installed(root)) {
      await withInstallLock(root, async (holdLock) => {
        // Another invocation may have finished the job while this one waited.
        if (installed(root)) return;
        await npmCi(root, holdLock);
        linkPostgres(root);
        markInstalled(root);
      });
    }
    return workspaceNode(root);
  } catch (error) {
    process.stderr.write(explain(error));
    process.exit(1);
  }
}
