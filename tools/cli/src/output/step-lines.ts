import type { WriteStream } from "node:tty";
import { paintFor } from "./paint.ts";
import type { UnderWay } from "./under-way.ts";
import { clip, widthOf } from "./width.ts";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const frameMs = 80;
/** From when on it is shown how long a step has taken, milliseconds. */
const longMs = 1_000;

/** The steps under way, as moving lines at the bottom of a terminal; everything else is printed above them. */
export class StepLines {
  readonly #stream: WriteStream;
  readonly #running = new Map<string, { readonly text: string; readonly begun: number }>();
  #drawn = 0;
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  /** Takes a step up or away, or says anew what it does. */
  update({ id, text }: UnderWay): void {
    if (text === undefined) this.#running.delete(id);
    else {
      const begun = this.#running.get(id)?.begun ?? performance.now();
      this.#running.set(id, { text, begun });
    }
    this.#draw();
  }

  /** Prints lines that stay. */
  print(lines: string): void {
    this.clear();
    this.#stream.write(`${lines}\n`);
    this.#draw();
  }

  /** Takes the moving lines away until the next change. */
  clear(): void {
    if (this.#drawn > 0) this.#stream.write(`\u001b[${this.#drawn}A\u001b[0J`);
    this.#drawn = 0;
  }

  /** Ends all movement. */
  close(): void {
    this.#running.clear();
    this.#draw();
  }

  #draw(): void {
    this.clear();
    if (this.#running.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    // Lines that the terminal would wrap, or that would not fit on it, could not be taken away again.
    const columns = (this.#stream.columns || 80) - 3;
    const titles = [...this.#running.values()].slice(0, (this.#stream.rows || 24) - 2);
    const spinner = paintFor(this.#stream)("name", frames[this.#frame % frames.length] ?? "");
    this.#stream.write(titles.map((step) => `${spinner} ${titleOf(step, columns)}\n`).join(""));
    this.#drawn = titles.length;
    this.#timer ??= setInterval(() => {
      this.#frame += 1;
      this.#draw();
    }, frameMs).unref();
  }
}

/** What is done, and for how long already once that is worth saying. */
function titleOf({ begun, text }: { text: string; begun: number }, columns: number): string {
  const passed = performance.now() - begun;
  const time = passed < longMs ? "" : `  ${Math.floor(passed / 1_000)} s`;
  return clip(text, columns - widthOf(time)) + time;
}
