import { KerfError } from "@kerf/kernel";
import { describeExit, type Instance, type InstanceEnd, unreachableBoundMs } from "./instance.ts";
import { lastLines } from "./last-lines.ts";
import { memoryKillFactor } from "./memory-limits.ts";

/** How many lines of its log are shown with an end. */
const shown = 20;

/** A program that ended although it should run, as people are to read it: how, its last words, and what to do. */
export async function explainEnd(
  instance: Instance,
  end: InstanceEnd,
): Promise<{ error: KerfError; log: string[] }> {
  const { unit, logFile, logFrom } = instance.record;
  if (end.exit.kind === "failed") return { error: end.exit.error, log: [] };
  const log = await lastLines(logFile, logFrom, shown);
  const name = unit.startsWith("gateway:") ? `The gateway ${unit.slice(8)}` : `The unit ${unit}`;
  const logs = `kerf logs ${unit}`;
  if (end.reason === "not-ready") {
    return {
      log,
      error: new KerfError("start_failed", {
        message: `${name} was not ready within ${instance.readyMs / 1_000} s and was ended.`,
        why: "It neither served nor ended: something at its start waits for what does not come.",
        fix: `Look at what it did last: ${logs}. One that needs longer gets it with --ready-timeout.`,
        data: { unit, log },
      }),
    };
  }
  if (end.reason === "unreachable") {
    return {
      log,
      error: new KerfError("start_failed", {
        message: `${name} hung and was ended: it did not connect to the platform for ${unreachableBoundMs / 1_000} s.`,
        why: "Its process lived but no longer ran, as when it is stopped or in an endless loop.",
        fix: `Look at what it did last: ${logs}`,
        data: { unit, log },
      }),
    };
  }
  if (end.reason === "memory") {
    return {
      log,
      error: new KerfError("start_failed", {
        message: `${name} was ended: it used more than ${memoryKillFactor * 100} % of the memory that it may.`,
        why: "It grew faster than another copy could take its place.",
        fix: `It is started again by itself. Raise limits.${unit} in the app, or look for what it keeps. What it did last: ${logs}`,
        data: { unit, log },
      }),
    };
  }
  return {
    log,
    error: new KerfError("start_failed", {
      message: `${name} ${describeExit(end.exit)}${end.wasReady ? " while it ran" : " before it was ready"}.`,
      why: reason(log),
      fix: end.wasReady
        ? `It is started again by itself. What it did last: ${logs}`
        : `Correct what its last lines say; it is tried again by itself, and at once when a file of it is saved. All of its log: ${logs}`,
      data: { unit, log },
    }),
  };
}

/** What its log says of the reason: a structured error first, which says it best, otherwise the first plain line that looks like one. */
function reason(log: readonly string[]): string | undefined {
  const errors = log.map(structured).filter((entry) => entry?.["level"] === "error");
  const last = errors.at(-1);
  if (last !== undefined) return String(last["error"] ?? last["message"]).split("\n")[0];
  return log.find((line) => /\b(?:\w*Error|error|fatal)\b.*:/i.test(line))?.trim();
}

function structured(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
