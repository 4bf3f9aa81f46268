import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Whether a process with this pid exists on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The test commands that may still bring processes which need the server. */
export class LivingRuns {
  readonly #folder: string;
  readonly #starter: number;

  /** @param folder holds a file for each command, named after its pid; @param starter the process that wanted the server first */
  constructor(folder: string, starter: number) {
    this.#folder = folder;
    this.#starter = starter;
  }

  /** Whether one is left; forgets those that have ended. */
  async any(): Promise<boolean> {
    let living = isAlive(this.#starter);
    for (const name of await readdir(this.#folder)) {
      if (isAlive(Number(name))) living = true;
      else await rm(join(this.#folder, name), { force: true });
    }
    return living;
  }
}
