import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const checkout = resolve(import.meta.dirname, "..");

/** The tarballs of all packages as they would be published, by absolute path; they are packed unless another test has. */
export function packedPackages(): string[] {
  const program = ["--conditions=kerf-source", "scripts/packed.ts"];
  const folder = execFileSync(process.execPath, program, {
    cwd: checkout,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  }).trim();
  return readdirSync(folder).map((name) => join(folder, name));
}
