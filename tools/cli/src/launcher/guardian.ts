import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("guardian.sh", import.meta.url));

/**
 * A small shell process that clears up when the launcher dies, however it dies: waits for what runs to end by its lifeline,
 * then ends it, then stops the PostgreSQL servers. All of it within 5 s.
 */
export class Guardian {
  readonly pid: number | undefined;
  /** Resolves when the guardian is gone; never rejects. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;

  constructor(home: string) {
    this.#child = spawn("/bin/sh", [script, home], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
      cwd: "/",
    });
    this.pid = this.#child.pid;
    this.#child.stdin?.on("error", () => {}); // It is gone already: `exited` tells.
    this.exited = new Promise((resolve) => {
      this.#child.once("error", () => resolve());
      this.#child.once("exit", () => resolve());
    });
  }

  /** Clears up at once what is left. */
  clearUpNow(): Promise<void> {
    this.#child.stdin?.end("now\n");
    return this.exited;
  }
}
