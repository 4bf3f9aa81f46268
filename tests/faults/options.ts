import { parseArgs } from "node:util";
import { KerfError } from "@kerf/kernel";
import { scenarios } from "./scenarios/index.ts";

/** What a run is told. */
export interface FaultOptions {
  /** The only scenario; undefined for all. */
  readonly only: string | undefined;
  /** How long each runs under load, seconds. */
  readonly seconds: number;
  /** Requests a second. */
  readonly rate: number;
  /** Print the outcomes as JSON lines. */
  readonly json: boolean;
}

/** Reads `--only NAME --seconds 60 --rate 500 --json`; throws `invalid_input`. */
export function readOptions(args: readonly string[]): FaultOptions {
  const { values } = parse(args);
  const names = scenarios.map(({ name }) => name);
  const { only, json } = values;
  if (only !== undefined && !names.includes(only))
    throw wrong("--only", only, `one of ${names.join(", ")}`);
  const seconds = Number(values.seconds);
  if (!(seconds >= 6 && seconds <= 3_600))
    throw wrong("--seconds", values.seconds, "a number from 6 to 3600");
  const rate = Number(values.rate);
  if (!(rate >= 10 && rate <= 5_000))
    throw wrong("--rate", values.rate, "a number from 10 to 5000");
  return { only, seconds, rate, json };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: "string" },
        seconds: { type: "string", default: "60" },
        rate: { type: "string", default: "500" },
        json: { type: "boolean", default: false },
      },
    });
  } catch (cause) {
    throw new KerfError("invalid_input", {
      message: (cause as Error).message,
      fix: "npm run faults -- --only hang --seconds 60 --rate 500 --json",
    });
  }
}

function wrong(option: string, given: string, wanted: string): KerfError {
  return new KerfError("invalid_input", {
    message: `${option} cannot be ${JSON.stringify(given)}.`,
    fix: `Give ${wanted}.`,
  });
}
