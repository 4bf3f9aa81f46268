import { stripVTControlCharacters } from "node:util";

/** What is another one each time, and what stands for it: digests, addresses, times, numbers, and what is said where there are too few to say. */
const free: readonly (readonly [RegExp, string])[] = [
  [/https?:\/\/[\w.:]+/g, "URL"],
  [/\b[a-z][\w.]*-[0-9a-f]{6}\b/g, "INSTANCE"],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{12,64}\b/g, "DIGEST"],
  [/\b\d+(?:\.\d+)? (?:ms|s|min)\b/g, "TIME"],
  [/\b\d+(?:\.\d+)? [KM]iB\b|\bunchanged\b/g, "SIZE"],
  [/\btoo few calls\b/g, "N → N"],
  [/\btoo few\b/g, "N"],
  [/\d+(?:[.,]\d+)*/g, "N"],
  [/\s+/g, " "],
];

/** A line without what is another one each time. */
export function shapeOf(line: string): string {
  return free
    .reduce((text, [what, stands]) => text.replaceAll(what, stands), stripVTControlCharacters(line))
    .trim();
}

/** The first line that a guide shows and that was not said in its place; undefined when all were. */
export function firstDifference(
  shown: readonly string[],
  said: readonly string[],
): string | undefined {
  // What a slow machine adds of steps that take long is not shown.
  const answer = said.map(shapeOf).filter((line) => line !== "" && !line.startsWith("… "));
  let at = 0;
  let skips = false;
  for (const line of shown) {
    const wanted = shapeOf(line);
    if (wanted === "") continue;
    if (wanted === "…") {
      skips = true;
      continue;
    }
    const found = answer.indexOf(wanted, at);
    if (found === -1 || (!skips && found !== at)) return line;
    at = found + 1;
    skips = false;
  }
  return skips || at === answer.length ? undefined : `nothing more, and it said: ${answer[at]}`;
}
