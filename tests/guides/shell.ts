import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** What a command said, on both ways out, and how it ended. */
export interface Said {
  readonly code: number;
  readonly lines: readonly string[];
}

const mark = "-- done:";

/** A shell that somebody has open while reading a guide: folder and variables stay from one command to the next. */
export class Shell {
  readonly #shell: ChildProcess;
  readonly #ended: Promise<unknown>;
  #text = "";
  #heard = (): void => {};

  constructor(cwd: string, env: NodeJS.ProcessEnv) {
    this.#shell = spawn("sh", [], { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    this.#ended = once(this.#shell, "close");
    for (const stream of [this.#shell.stdout, this.#shell.stderr])
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        this.#text += chunk;
        this.#heard();
      });
  }

  /** Runs one command to its end. */
  async run(command: string): Promise<Said> {
    this.#text = "";
    this.#shell.stdin?.write(`{ ${command}\n} 2>&1 < /dev/null; echo "\n${mark}$?"\n`);
    for (;;) {
      const [said = "", code] = this.#text.split(mark);
      if (code?.endsWith("\n")) return { code: Number(code), lines: said.trim().split("\n") };
      if (this.#shell.exitCode !== null) throw new Error(`the shell ended:\n${this.#text}`);
      await Promise.race([new Promise<void>((resolve) => (this.#heard = resolve)), this.#ended]);
    }
  }

  async close(): Promise<void> {
    this.#shell.stdin?.end();
    await this.#ended;
  }
}
