import { CommanderError } from "commander";
import { KerfError } from "@kerf/kernel";

/** What the program's exit code says; part of its documented interface. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 69,
  configuration: 78,
  interrupted: 130,
} as const;

/** What each exit code means, for help and documentation. 69 and 78 are those of sysexits.h, 130 is 128 + SIGINT. */
export const exitCodeMeanings: readonly (readonly [code: number, meaning: string])[] = [
  [exitCodes.ok, "it worked"],
  [exitCodes.failed, "the command failed, or the answer is a declared error"],
  [exitCodes.usage, "the command line is wrong"],
  [exitCodes.unreachable, "no platform is running, or it does not answer"],
  [
    exitCodes.configuration,
    "the app or its configuration is wrong: a taken port, a broken contract",
  ],
  [exitCodes.interrupted, "interrupted with Ctrl-C"],
];

const byErrorCode: Readonly<Record<string, number>> = {
  usage: exitCodes.usage,
  platform_unreachable: exitCodes.unreachable,
  invalid_app: exitCodes.configuration,
  invalid_contract: exitCodes.configuration,
  invalid_configuration: exitCodes.configuration,
  interrupted: exitCodes.interrupted,
};

/** The exit code for whatever a command threw. */
export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof CommanderError) {
    // Help and version end the parse by throwing too, with code 0.
    return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
  return exitCodeOfError(thrown instanceof KerfError ? thrown.code : "internal");
}

/** The exit code for an error's stable code. */
export function exitCodeOfError(code: string): number {
  return byErrorCode[code] ?? exitCodes.failed;
}
