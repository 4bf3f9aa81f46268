import { KerfError } from "@kerf/kernel";
import type { DoctorOptions } from "../commands/doctor.ts";
import { homeToStart } from "../connection/home.ts";
import { exitCodes } from "../exit-code.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { padTo } from "../output/width.ts";
import { type Check, examine, type Finding } from "./check.ts";
import { embeddedPostgres } from "./embedded-postgres.ts";
import { homeWritable, socketsWork } from "./home-writable.ts";
import { memory } from "./memory.ts";
import { nodeVersion } from "./node-version.ts";
import { openFiles } from "./open-files.ts";
import { portsFree } from "./ports-free.ts";
import { redis } from "./redis.ts";
import { shell } from "./shell.ts";
import { telemetry } from "./telemetry.ts";
import { user } from "./user.ts";

/** Everything that is looked at, what matters most first. */
export const checks: readonly Check[] = [
  nodeVersion,
  embeddedPostgres,
  user,
  homeWritable,
  socketsWork,
  portsFree,
  memory,
  openFiles,
  telemetry,
  redis,
  shell,
];

/** Says whether this machine is ready; throws `not_ready` when it is not. */
export async function doctor(options: DoctorOptions): Promise<void> {
  const findings = await examine(checks, {
    home: homeToStart(options.home, process.env, process.cwd()),
    ports: [options.port ?? 8080, options.platformPort ?? 8090],
  });
  const failed = findings.filter(({ state }) => state === "failed");
  if (options.json === true) {
    // The answer says it, and is the one document.
    if (failed.length > 0) process.exitCode = exitCodes.failed;
    return printJson({ ready: failed.length === 0, checks: findings });
  }
  print(findings);
  if (failed.length === 0) return;
  throw new KerfError("not_ready", {
    message: `This machine is not ready: ${failed.map(({ title }) => title.toLowerCase()).join(", ")}.`,
    fix: failed.map(({ fix }) => fix ?? "").join("\n"),
    data: { failed: failed.map(({ id }) => id) },
  });
}

function print(findings: readonly Finding[]): void {
  const paint = paintFor(process.stdout);
  const marks = { ok: paint("good", "✓"), warning: paint("warn", "!"), failed: paint("bad", "✗") };
  const width = Math.max(...findings.map(({ title }) => title.length));
  for (const { title, state, detail, fix } of findings) {
    process.stdout.write(`${marks[state]} ${padTo(title, width)}  ${paint("faint", detail)}\n`);
    if (state === "warning" && fix !== undefined)
      process.stdout.write(`  ${" ".repeat(width)}  ${fix}\n`);
  }
  if (findings.every(({ state }) => state !== "failed"))
    process.stdout.write("\nThis machine is ready.\n");
}
