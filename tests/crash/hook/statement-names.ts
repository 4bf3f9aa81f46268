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
    // A text that is put together of pieces: what can be told of it.
    const names = whole.split(/; ?/).map((part) => {
      const [points] = this.#split(part) ?? [];
      const words = part.split(" ").slice(0, 3).join(" ");
      return points === undefined ? `stray: ${words}` : pick(points, stack);
    });
    return { names, stray: whole };
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
      const { rest, call } = first.pattern.exec(whole)?.groups ?? {};
      if (rest === undefined && call === undefined) return [fitting];
      const others = this.#split(rest ?? `select ${call}`);
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
  return new RegExp(`^${escaped}(?:; ?(?<rest>[^]+)|, (?<call>kerf\\.[^]+))?$`);
}

function pick(points: readonly Candidate[], stack: () => string): string {
  const [first] = points as [Candidate];
  if (points.length === 1) return first.name;
  const frames = stack().split("\n");
  for (const frame of frames) {
    const near = points.filter(({ file }) => frame.includes(file));
    const [nearest] = near;
    if (nearest === undefined) continue;
    const within = near.find((point) => frames.some((one) => isCallOf(point, one)));
    return (within ?? nearest).name;
  }
  return first.name;
}

function isCallOf({ file, within }: CrashPoint, frame: string): boolean {
  return frame.includes(file) && new RegExp(`[. #]${within} \\(`).test(frame);
}
