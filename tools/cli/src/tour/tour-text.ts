import { duration } from "../output/duration.ts";
import { failureText } from "../output/failure.ts";
import type { Paint } from "../output/paint.ts";
import { printable } from "../output/printable.ts";
import type { Act } from "./act.ts";
import type { Played } from "./play.ts";

/** What is said before an act begins. */
export function actHead(act: Act, place: string, paint: Paint): string {
  return `\n${paint("faint", place)} ${paint("strong", act.name)}  ${act.shows}`;
}

/** What is said when an act has come to its end. */
export function actEnd(played: Played, paint: Paint, kerf: (words: string) => string): string {
  const took = paint("faint", duration(played.ms));
  switch (played.outcome) {
    case "passed":
      return [
        ...played.seen.lines.map((line) => `  ${printable(line)}`),
        ...played.seen.again(kerf).map((line) => `  ${paint("name", `$ ${line}`)}`),
        `  ${paint("good", "passed")}  ${took}`,
      ].join("\n");
    case "failed":
      return [
        indented(failureText(played.error, paint)),
        `  ${paint("bad", "failed")}  ${took}`,
      ].join("\n");
    case "left out":
      return `  ${paint("warn", "left out")}  ${played.why}`;
  }
}

/** How many acts came to which end. */
export function countsOf(played: readonly Played[]): { passed: number; failed: number } {
  const of = (wanted: Played["outcome"]): number =>
    played.filter(({ outcome }) => outcome === wanted).length;
  return { passed: of("passed"), failed: of("failed") };
}

/** The last line. */
export function countsText(played: readonly Played[]): string {
  const { failed, passed } = countsOf(played);
  return `${passed} passed, ${failed} failed`;
}

/** An act as JSON. */
export function actJson(played: Played, kerf: (words: string) => string): object {
  const { act, ms, outcome } = played;
  const common = { name: act.name, shows: act.shows, outcome, ms };
  switch (played.outcome) {
    case "passed":
      return { ...common, seen: played.seen.lines, again: played.seen.again(kerf) };
    case "failed":
      return { ...common, error: played.error.toShape() };
    case "left out":
      return { ...common, why: played.why };
  }
}

function indented(text: string): string {
  return `  ${text.replaceAll("\n", "\n  ")}`;
}
