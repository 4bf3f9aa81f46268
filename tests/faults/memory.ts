import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Between two looks, milliseconds. */
const everyMs = 500;

/** Megabytes that each program holds; those that are gone are left out. */
export async function residentMb(pids: readonly number[]): Promise<ReadonlyMap<number, number>> {
  // It fails when one of them is gone, and tells of the others.
  const told = await run("ps", ["-o", "pid=,rss=", "-p", pids.join()]).catch(
    (error: { stdout?: string }) => ({ stdout: error.stdout ?? "" }),
  );
  const lines = told.stdout.split("\n").filter((line) => line.trim() !== "");
  return new Map(
    lines.map((line) => {
      const [pid, kib] = line.trim().split(/\s+/).map(Number) as [number, number];
      return [pid, kib / 1_024];
    }),
  );
}

/** The most that each program has held since it is watched. */
export class MemoryWatch {
  readonly #pids: readonly number[];
  readonly #most = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void>;

  constructor(pids: readonly number[]) {
    this.#pids = pids;
    this.#looking = this.#look();
    this.#timer = setInterval(() => void (this.#looking = this.#look()), everyMs);
  }

  /** Looks once more, and ends. */
  async stop(): Promise<ReadonlyMap<number, number>> {
    clearInterval(this.#timer);
    await this.#looking;
    await this.#look();
    return this.#most;
  }

  async #look(): Promise<void> {
    for (const [pid, mb] of await residentMb(this.#pids))
      this.#most.set(pid, Math.max(mb, this.#most.get(pid) ?? 0));
  }
}
