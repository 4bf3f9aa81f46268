import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { KerfError } from "@kerf/kernel";

/** How long an engine may take to end and remove everything, milliseconds: several rounds of orders, each of which ends within a minute. */
const boundMs = 240_000;

/**
 * Removes the containers of a folder of state, when units have run in containers there. Answers how many still ran.
 * @throws KerfError `unavailable` when some may be left
 */
export async function removeContainers(
  home: string,
  note: (text: string) => void,
): Promise<number> {
  // Whoever starts containers leaves it first.
  if (!existsSync(join(home, "run", "docker"))) return 0;
  const program = fileURLToPath(import.meta.resolve("@kerf/platform/containers"));
  const conditions = program.endsWith(".ts") ? ["--conditions=kerf-source"] : [];
  const args = [...conditions, program, "--home", home];
  const said = await new Promise<string>((resolve) =>
    execFile(process.execPath, args, { timeout: boundMs }, (_error, stdout) => resolve(stdout)),
  );
  const { error, removed = 0 } = parse(said);
  if (error !== undefined)
    throw new KerfError("unavailable", {
      message: "Containers may be left.",
      why: error.message,
      fix: "Run kerf down again; docker ps shows what runs.",
    });
  if (removed > 0) note(`stopped ${removed} containers that had no platform any more`);
  return removed;
}

function parse(said: string): { removed?: number; error?: { message: string } } {
  try {
    return JSON.parse(said) as ReturnType<typeof parse>;
  } catch {
    return { error: { message: "what removes them did not say what came of it" } };
  }
}
