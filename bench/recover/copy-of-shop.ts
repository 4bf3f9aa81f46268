import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Sources of the shop that may be changed; its packages are found through a link. */
export async function copyOfShop(): Promise<{
  app: string;
  file(path: string): string;
  remove(): Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), "kerf-bench-shop-"));
  const workspace = fileURLToPath(new URL("../../", import.meta.url));
  await cp(join(workspace, "examples/shop"), folder, { recursive: true });
  await symlink(join(workspace, "node_modules"), join(folder, "node_modules"));
  return {
    app: join(folder, "app.ts"),
    file: (path) => join(folder, path),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
