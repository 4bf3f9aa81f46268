import { KerfError } from "@kerf/kernel";
import { describeExit, type Instance, type InstanceEnd, unreachableBoundMs } from "./instance.ts";
import { lastLines } from "./last-lines.ts";
import { mebibytes, memoryKillFactor } from "./memory-limits.ts";

/** How many lines of its log are shown with an end. */
const shown = 20;
/** How many are looked at: V8 says why it ended before it lists its own frames. */
const looked = 80;
/** A frame of Node itself, which says nothing to whoever wrote the service. */
const nativeFrame = /^\s*\d+: 0x[0-9a-f]+/;

/** A program that ended although it should run, as people are to read it: how, its last words, and what to do. */
export async function explainEnd(
  instance: Instance,
  end: InstanceEnd,
): Promise<{ error: KerfError; log: string[] }> {
  const { unit, logFile, logFrom } = instance.record;
  if (end.exit.kind === "failed") return { error: end.exit.error, log: [] };
  const lines = await lastLines(logFile, logFrom, looked);
  const log = lines.filter((line) => !nativeFrame.test(line)).slice(-shown);
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
        message: `${name} was ended: it used ${usedOf(end)}.`,
        why: `One that is over its limit is exchanged; one that is over ${memoryKillFactor * 100} % of it is not waited for.`,
        fix: `It is started again by itself. Raise limits.${unit} in the app, or look for what it keeps. What it did last: ${logs}`,
        data: { unit, log },
      }),
    };
  }
  if (log.some((line) => line.includes("JavaScript heap out of memory"))) {
    return {
      log,
      error: new KerfError("start_failed", {
        message: `${name} ended: its heap was full.`,
        why: "Node ends a program that keeps more than its heap may hold. A limit of memory leaves a part of it to the heap.",
        fix: `${end.wasReady ? "It is started again by itself. " : ""}Raise limits.${unit} in the app, or look for what it keeps. What it did last: ${logs}`,
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

/** A program that lives and says nothing to us, while it is waited for whether it comes back. */
export function silentError({ unit }: Pick<Instance, "unit">): KerfError {
  return new KerfError("unavailable", {
    message: "It lives, and does not answer the platform.",
    why: "It hangs, as in an endless loop, it is stopped, or its machine has no time for it.",
    fix: `Within ${unreachableBoundMs / 1_000} s it comes back, or is ended and started again. What it did last: kerf logs ${unit}`,
    data: { unit },
  });
}

function usedOf({ memory }: InstanceEnd): string {
  if (memory === undefined) return "too much memory";
  const { limitBytes, usedBytes } = memory;
  return `${mebibytes(usedBytes)} of memory and may use ${mebibytes(limitBytes)}`;
}

/** What its log says of the reason: a structured error first, which says it best, otherwise the first plain line that looks like one. */
function reason(log: readonly string[]): string | undefined {
  const errors = log.map(structured).filter((entry) => entry?.["level"] === "error");
  const last = errors.at(-1);
  if (last !== undefined) return String(last["error"] ?? last["message"]).split("\n")[0];
  // What is structured and no error is no reason, whatever it quotes.
  const plain = log.filter((line) => structured(line) === undefined && !line.startsWith("{"));
  return plain.find((line) => /\b(?:\w*Error|error|fatal)\b.*:/i.test(line))?.trim();
}

function structured(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
