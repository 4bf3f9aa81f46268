import { spawn } from "node:child_process";
import { rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { constants, setPriority } from "node:os";
import { dirname, join } from "node:path";

/** How long a build may take, milliseconds; it takes a few seconds. */
const boundMs = 120_000;
/** How much of what a build that fails says is kept, characters. */
const keptOutput = 4_000;

/**
 * Builds the dashboard from its sources, beside its place and then into it, at the lowest priority: it is no reason for anybody's call to wait.
 * Rejects with what the build said.
 */
export async function buildPages(folder: string, signal: AbortSignal): Promise<void> {
  const beside = `dist.${process.pid}`;
  try {
    await run(folder, beside, signal);
    await rm(join(folder, "dist"), { recursive: true, force: true });
    await rename(join(folder, beside), join(folder, "dist"));
  } finally {
    await rm(join(folder, beside), { recursive: true, force: true });
  }
}

function run(folder: string, target: string, signal: AbortSignal): Promise<void> {
  const vite = join(
    dirname(createRequire(join(folder, "package.json")).resolve("vite/package.json")),
    "bin/vite.js",
  );
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(boundMs)]);
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [vite, "build", "--outDir", target, "--emptyOutDir", "--logLevel", "warn"],
      { cwd: folder, stdio: ["ignore", "pipe", "pipe"], signal: bounded },
    );
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (said = (said + String(chunk)).slice(-keptOutput)));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else
        reject(new Error(said.trim() === "" ? `the build ended with code ${code}` : said.trim()));
    });
  });
}
