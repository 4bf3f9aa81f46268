import type { CrashPoint } from "../points.ts";

interface Candidate extends CrashPoint {
  readonly pattern: RegExp;
  /** Characters that are no wildcard: the more, the better it fits. */
  readonly fixed: number;
}

/** What a message to the server consists of. */
export interface Message {
  readonly names: readonly string[];
  /** What is neither a point nor the author's. */
  readonly stray: string | undefined;
}

/** The tables of the scenarios' services lie in this schema, and are always written with it; the platform's own never do. */
const author = /\bpublic\.(\w+)/;

/** Finds the points that a text sent to the server stands for. */
export class StatementNames {
  readonly #candidates: readonly Candidate[];

  constructor(points: readonly CrashPoint[]) {
    this.#candidates = points
      .filter(({ kind }) => kind === "statement")
      .map((point) => ({
        ...point,
        pattern: patternOf(point.text),
        fixed: point.text.replace(/\{\}|\$\d+/g, "").length,
      }))
      .sort((a, b) => b.fixed - a.fixed);
  }

  /** `stack` tells points with the same text apart; it is read only when there are such. */
  message(text: string, stack: () => string): Message {
    const whole = text
      .replace(/\s+/g, " ")
      .trim()
      .replace(/[;\s]+$/, "");
    const parts = this.#split(whole);
    if (parts !== undefined)
      return { names: parts.map((points) => pick(points, stack)), stray: undefined };
    const table = author.exec(whole)?.[1];
    if (table !== undefined)
      return { names: [`author: ${whole.split(" ")[0]} ${table}`], stray: undefined };
    return { names: [`stray: ${whole.slice(0, 60)}`], stray: whole };
  }

  /** The statements of a message, each as the points that have its text; undefined when one has none. */
  #split(whole: string): Candidate[][] | undefined {
    const tried = new Set<number>();
    for (const { fixed } of this.#candidates) {
      if (tried.has(fixed)) continue;
      tried.add(fixed);
      const fitting = this.#candidates.filter(
        (candidate) => candidate.fixed === fixed && candidate.pattern.test(whole),
      );
      const [first] = fitting;
      if (first === undefined) continue;
      const rest = first.pattern.exec(whole)?.groups?.["rest"];
      if (rest === undefined) return [fitting];
      const others = this.#split(rest);
      if (others !== undefined) return [fitting, ...others];
    }
    return undefined;
  }
}

function patternOf(text: string): RegExp {
  const escaped = text
    .split(/(\{\}|\$\d+)/)
    .map((part) =>
      part === "{}"
        ? "[^]*?"
        : /^\$\d/.test(part)
          ? "[^]+?"
          : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
    )
    .join("");
  return new RegExp(`^${escaped}(?:; ?(?<rest>[^]+))?$`);
}

function pick(points: readonly Candidate[], stack: () => string): string {
  const [first] = points as [Candidate];
  if (points.length === 1) return first.name;
  const frames = stack().split("\n");
  for (const frame of frames) {
    const found = points.find(({ file, within }) => frame.includes(file) && called(frame, within));
    if (found !== undefined) return found.name;
  }
  return (points.find(({ file }) => frames.some((frame) => frame.includes(file))) ?? first).name;
}

function called(frame: string, name: string): boolean {
  return new RegExp(`[. #]${name} \\(`).test(frame);
}
