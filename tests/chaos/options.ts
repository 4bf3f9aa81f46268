import { parseArgs } from "node:util";
import { KerfError } from "@kerf/kernel";

/** What a run is told. */
export interface ChaosOptions {
  /** How long faults hit, minutes. */
  readonly minutes: number;
  /** What is drawn from: the same seed, the same plan of faults. */
  readonly seed: number;
  readonly engine: string;
}

/** Reads `--minutes M --seed N --engine NAME`; throws `invalid_input`. */
export function readOptions(args: readonly string[]): ChaosOptions {
  const { values } = parse(args);
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 24 * 60))
    throw wrong("--minutes", values.minutes, "a number above 0, at most 1440");
  const seed = Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff)
    throw wrong("--seed", values.seed, "a whole number from 0 to 4294967295");
  return { minutes, seed, engine: values.engine };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: "string", default: "2" },
        seed: { type: "string", default: "1" },
        engine: { type: "string", default: "embedded" },
      },
    });
  } catch (cause) {
    throw new KerfError("invalid_input", {
      message: (cause as Error).message,
      fix: "npm run chaos -- --minutes 2 --seed 1 --engine embedded",
    });
  }
}

function wrong(option: string, given: string, wanted: string): KerfError {
  return new KerfError("invalid_input", {
    message: `${option} cannot be ${JSON.stringify(given)}.`,
    fix: `Give ${wanted}.`,
  });
}
