import type { WriteStream } from "node:tty";
import type { ProgressEvent } from "@kerf/control-api";
import { paintFor } from "./paint.ts";
import { clip } from "./width.ts";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const frameMs = 80;

/** The steps under way, as moving lines at the bottom of a terminal; everything else is printed above them. */
export class StepLines {
  readonly #stream: WriteStream;
  readonly #running = new Map<string, string>();
  #drawn = 0;
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  /** Takes a step up or away. */
  update(event: ProgressEvent & { type: "step" }): void {
    if (event.state === "started") {
      this.#running.set(
        event.id,
        event.detail === undefined ? event.title : `${event.title}  ${event.detail}`,
      );
    } else {
      this.#running.delete(event.id);
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
    this.#stream.write(titles.map((title) => `${spinner} ${clip(title, columns)}\n`).join(""));
    this.#drawn = titles.length;
    this.#timer ??= setInterval(() => {
      this.#frame += 1;
      this.#draw();
    }, frameMs).unref();
  }
}
