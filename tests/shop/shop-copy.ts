import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A copy of the shop's sources that a scenario may change. */
export interface ShopCopy {
  /** Its app module. */
  readonly app: string;
  file(path: string): string;
  remove(): Promise<void>;
}

/** Copies the shop out of the workspace; its packages are found through a link. */
export async function copyShop(): Promise<ShopCopy> {
  const folder = await mkdtemp(join(tmpdir(), "kerf-shop-source-"));
  const workspace = fileURLToPath(new URL("../../", import.meta.url));
  await cp(join(workspace, "examples/shop"), folder, { recursive: true });
  await symlink(join(workspace, "node_modules"), join(folder, "node_modules"));
  return {
    app: join(folder, "app.ts"),
    file: (path) => join(folder, path),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
