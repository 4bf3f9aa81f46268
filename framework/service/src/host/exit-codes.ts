import { KerfError } from "@kerf/kernel";

/** How a host ends; the numbers of BSD's sysexits.h, so that supervisors need no table of ours. */
export const exitCodes = {
  /** It was asked to stop, and did. */
  stopped: 0,
  /** It failed in a way that starting it again may mend. */
  failed: 70,
  /** It was started wrongly, or the app is wrong: starting it again changes nothing. */
  misconfigured: 78,
} as const;

const wrongUntilCorrected: readonly string[] = [
  "invalid_app",
  "invalid_contract",
  "invalid_configuration",
];

/** The exit code of a start that failed. */
export function exitCodeOf(thrown: unknown): number {
  return thrown instanceof KerfError && wrongUntilCorrected.includes(thrown.code)
    ? exitCodes.misconfigured
    : exitCodes.failed;
}
