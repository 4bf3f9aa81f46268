import { choice, flag, number, readCommandLine } from "@kerf/testing/command-line";
import { groups, scenarios } from "./scenarios/index.ts";

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

/** Reads the command line; ends the process when it asks for help or for what there is not. */
export function readOptions(): FaultOptions {
  const names = [...scenarios.map(({ name }) => name), ...groups];
  return readCommandLine({
    name: "npm run faults --",
    about:
      "Lets one instance of three fail in every way that there is under load, and judges what its clients saw.",
    options: {
      only: choice("one scenario, or a group of them, in place of all", names, undefined),
      seconds: number("how long each runs under load", { from: 6, to: 3_600 }, 60),
      rate: number("requests a second", { from: 10, to: 5_000 }, 500),
      json: flag("print the outcomes as JSON, one a line"),
    },
  }).values;
}
