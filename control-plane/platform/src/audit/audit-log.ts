import { readFileSync, statSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import type { AuditEntry } from "@kerf/control-api";
import { type Clock, KerfError } from "@kerf/kernel";

/** The file is set aside when it has grown beyond this, bytes: some ten thousand changes. */
const rotateBytes = 8 * 1024 * 1024;
/** How many files are kept, the current one included; `FILE.1` is the newest old one. */
const files = 10;

/** Which entries are wanted. */
export interface AuditQuestion {
  /** ISO 8601. */
  readonly since?: string | undefined;
  readonly service?: string | undefined;
  /** The newest of them. */
  readonly limit: number;
}

/** What was changed, by whom: one line of JSON for each change, on the disk before the change is answered. Only ever added to. */
export class AuditLog {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #bounds: { readonly bytes: number; readonly files: number };
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string, clock: Clock, bounds = { bytes: rotateBytes, files }) {
    this.#file = file;
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** Adds an entry; resolves when it is on the disk. Throws `start_failed` when it cannot be written. */
  append(entry: Omit<AuditEntry, "at">): Promise<void> {
    const at = new Date(this.#clock.wall()).toISOString();
    const line = `${JSON.stringify({ at, ...entry })}\n`;
    const written = this.#writing.then(() => this.#write(line));
    this.#writing = written.catch(() => {});
    return written;
  }

  /** The newest entries that are wanted, the oldest first. */
  read({ since = "", service, limit }: AuditQuestion): AuditEntry[] {
    const found: AuditEntry[] = [];
    for (let age = 0; age < this.#bounds.files && found.length < limit; age++) {
      const entries = entriesOf(this.#name(age));
      if (entries === undefined) break;
      const wanted = entries.filter(
        (entry) => entry.at >= since && (service === undefined || entry.service === service),
      );
      found.unshift(...wanted.slice(-(limit - found.length)));
    }
    return found;
  }

  async #write(line: string): Promise<void> {
    try {
      const size = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
      if (size > this.#bounds.bytes) await this.#rotate();
      const handle = await open(this.#file, "a+", 0o600);
      try {
        await handle.appendFile((await endsInALine(handle)) ? line : `\n${line}`);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (cause) {
      throw new KerfError("start_failed", {
        message: `The change was made, and could not be recorded in ${this.#file}.`,
        why: (cause as Error).message,
        fix: "Free disk space, or give KERF_HOME to the user that runs Kerf.",
        cause,
      });
    }
  }

  async #rotate(): Promise<void> {
    const { files: kept } = this.#bounds;
    await rm(this.#name(kept - 1), { force: true });
    for (let age = kept - 2; age >= 0; age--)
      await rename(this.#name(age), this.#name(age + 1)).catch(ignoreMissing);
  }

  #name(age: number): string {
    return age === 0 ? this.#file : `${this.#file}.${age}`;
  }
}

/** A platform that was killed while it wrote left half a line: what comes next must not become part of it. */
async function endsInALine(handle: Awaited<ReturnType<typeof open>>): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  return last[0] === 0x0a;
}

/** Undefined when the file does not exist; half a line is passed over. */
function entriesOf(file: string): AuditEntry[] | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    ignoreMissing(cause);
    return undefined;
  }
  return text.split("\n").flatMap((line): AuditEntry[] => {
    try {
      return line === "" ? [] : [JSON.parse(line) as AuditEntry];
    } catch {
      return [];
    }
  });
}

function ignoreMissing(cause: unknown): void {
  if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
}
