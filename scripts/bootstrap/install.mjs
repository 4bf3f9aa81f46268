import { installed, markInstalled } from "./installed.mjs";
import { withInstallLock } from "./install-lock.mjs";
import { npmCi } from "./npm-ci.mjs";
import { linkPostgres } from "./postgres-links.mjs";
import { warmUp } from "./warm-up.mjs";

/** Installs the workspace, unless another invocation has done it while this one waited for its turn. */
export async function install(root) {
  await withInstallLock(root, async (holdLock) => {
    if (installed(root)) return;
    await npmCi(root, holdLock);
    linkPostgres(root);
    await warmUp(root);
    markInstalled(root);
  });
}
