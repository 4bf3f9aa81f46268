import { choice, number, readCommandLine, whole } from "@kerf/testing/command-line";
import { engineNames } from "./engines.ts";

/** What a run is told. */
export interface ChaosOptions {
  /** How long faults hit, minutes. */
  readonly minutes: number;
  /** What is drawn from: the same seed, the same plan of faults. */
  readonly seed: number;
  readonly engine: string;
  /** What units are: `process` or `docker`. */
  readonly runtime: string;
}

/** Reads the command line; ends the process when it asks for help or for what there is not. */
export function readOptions(): ChaosOptions {
  return readCommandLine({
    name: "npm run chaos --",
    about: "Runs the shop under load while faults hit, then gives a verdict from its data.",
    options: {
      minutes: number("how long faults hit", { from: 0.01, to: 24 * 60 }, 2),
      seed: whole("what the plan of faults is drawn from", { from: 0, to: 0xffff_ffff }, 1),
      engine: choice("what carries the events", engineNames, "embedded"),
      runtime: choice("what units are", ["process", "docker"], "process"),
    },
  }).values;
}
