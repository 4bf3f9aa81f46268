import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WorkloadIdentity } from "@kerf/call";

/** An environment's authority in a file that only we can read, for the two sides of one measurement. */
export async function makeEnvironment(): Promise<{ file: string; remove(): Promise<void> }> {
  const { TestEnvironment } = await import("@kerf/testing/certificates");
  const folder = await mkdtemp(join(tmpdir(), "kerf-bench-"));
  const file = join(folder, "environment.json");
  await writeFile(file, (await TestEnvironment.make("bench")).kept, { mode: 0o600 });
  return { file, remove: () => rm(folder, { recursive: true }) };
}

/** The identity of `unit` in the environment that `file` holds; undefined without one: then nothing is encrypted. */
export async function identityFrom(
  file: string | undefined,
  unit: string,
): Promise<WorkloadIdentity | undefined> {
  if (file === undefined) return undefined;
  const { TestEnvironment } = await import("@kerf/testing/certificates");
  return TestEnvironment.from(await readFile(file, "utf8")).identity(unit);
}
