import { closeSync, openSync, readdirSync, readSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What one instance is told to do with every call, by the number that stands in its cell. */
export const modes = { well: 0, hang: 1, slow: 2, unavailable: 3, bug: 4 } as const;
export type Mode = (typeof modes)[keyof typeof modes];

/** Byte at which the number of calls begins, a little-endian unsigned 64-bit number. */
const countAt = 8;
const cellBytes = 16;

/**
 * What an instance and whoever tests it share: a file of 16 bytes, named after the service and the process. The tester writes the mode, the
 * instance how many calls have reached its handlers. It is read and written at every call, so that a count survives kill -9.
 */
export class Cell {
  readonly #file: number;
  readonly #bytes = Buffer.alloc(cellBytes);
  #count = 0n;

  private constructor(file: number) {
    this.#file = file;
  }

  /** The cell of this process; a new one, in which all is well. */
  static ofThisProcess(service: string): Cell {
    const cell = new Cell(openSync(pathOf(tmpdir(), service, process.pid), "w+"));
    writeSync(cell.#file, cell.#bytes);
    return cell;
  }

  /** Counts one call and answers what to do with it. */
  enter(): Mode {
    this.#bytes.writeBigUInt64LE(++this.#count, countAt);
    writeSync(this.#file, this.#bytes, countAt, cellBytes - countAt, countAt);
    return this.mode;
  }

  get mode(): Mode {
    readSync(this.#file, this.#bytes, 0, 1, 0);
    return this.#bytes[0] as Mode;
  }
}

/** Tells an instance what to do with every call from now on. */
export function setMode(folder: string, service: string, pid: number, mode: Mode): void {
  const file = openSync(pathOf(folder, service, pid), "r+");
  try {
    writeSync(file, Buffer.of(mode), 0, 1, 0);
  } finally {
    closeSync(file);
  }
}

/** Calls that have reached the handlers of all instances of a service, those that have ended included. */
export function countCalls(folder: string, service: string): number {
  let calls = 0;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${service}-`)) continue;
    const bytes = Buffer.alloc(cellBytes);
    const file = openSync(join(folder, name), "r");
    try {
      readSync(file, bytes, 0, cellBytes, 0);
    } finally {
      closeSync(file);
    }
    calls += Number(bytes.readBigUInt64LE(countAt));
  }
  return calls;
}

function pathOf(folder: string, service: string, pid: number): string {
  return join(folder, `${service}-${pid}`);
}
