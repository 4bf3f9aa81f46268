import { readFileSync } from "node:fs";

/** A place at which a process may be killed, before and after; the list is written by `npm run fix`. */
export interface CrashPoint {
  /** Home and purpose; unique. */
  readonly name: string;
  readonly file: string;
  /** The function that it stands in. */
  readonly within: string;
  /** Of a statement: its text, `{}` for a hole. Of a port: its method. */
  readonly text: string;
  readonly kind: "statement" | "port";
}

/** Every point. */
export const points: readonly CrashPoint[] = JSON.parse(
  readFileSync(new URL("points.generated.json", import.meta.url), "utf8"),
) as CrashPoint[];

/** Points that no scenario reaches, each with the reason; `npm run crash` fails for every other one, and for one of these that is reached. */
export const unreached: Readonly<Record<string, string>> = {};
