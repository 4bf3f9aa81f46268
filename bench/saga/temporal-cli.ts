import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { durablePeers } from "./durable-peers.ts";

/** The newest release whose modules are all there for others to build. */
const version = "v1.5.1";
const run = promisify(execFile);
/** Bound of the build, milliseconds: it takes some minutes of two cores. */
const buildMs = 1_800_000;

/** Builds Temporal's command line with its development server, once; throws when there is no Go, or it does not build. */
export async function temporalCli(log: (line: string) => void): Promise<string> {
  const cache = join(durablePeers, "node_modules", ".temporal");
  const binary = join(cache, `temporal-${version}`);
  if (existsSync(binary)) return binary;
  log(`building Temporal ${version} with Go (once, some minutes) …`);
  await mkdir(cache, { recursive: true });
  const { stdout } = await run(
    "go",
    ["mod", "download", "-json", `github.com/temporalio/cli@${version}`],
    { cwd: cache, timeout: buildMs },
  );
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  // It builds as a main module only, since it has replacements of its own; and where modules are kept nothing may be written.
  const source = join(cache, "source");
  await cp(Dir, source, { recursive: true });
  await makeWritable(source);
  await run("go", ["build", "-mod=mod", "-o", binary, "./cmd/temporal"], {
    cwd: source,
    timeout: buildMs,
    maxBuffer: 64 * 1024 * 1024,
  });
  await rm(source, { recursive: true, force: true });
  return binary;
}

async function makeWritable(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await makeWritable(path);
    else await chmod(path, 0o644);
  }
}
