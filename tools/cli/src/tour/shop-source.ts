import { existsSync } from "node:fs";
import { join } from "node:path";
import { upward } from "../connection/home.ts";
import { findApp } from "../launcher/app-file.ts";

/** The module of the shop's app: as given, otherwise that of the clone that `cwd` lies in; undefined outside of one. */
export function shopSource(given: string | undefined, cwd: string): string | undefined {
  if (given !== undefined) return findApp(given, cwd);
  return upward(cwd)
    .map((folder) => join(folder, "examples", "shop", "app.ts"))
    .find((file) => existsSync(file));
}
