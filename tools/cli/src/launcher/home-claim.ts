import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { KerfError } from "@kerf/kernel";
import { commandOf, isAlive } from "./process-table.ts";

/** Who works with this folder of state; lies in it as `launcher.json`. */
interface Claim {
  readonly pid: number;
  readonly guardian?: number | undefined;
}

/** The guardian of a launcher that died needs 5 s at most; a little more for a busy machine, in milliseconds. */
const guardianBoundMs = 8_000;
const pollMs = 50;

/** The right of one launcher at a time to work with a folder of state. */
export class HomeClaim {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /**
   * Takes the folder, after what a killed launcher left behind has ended (`onWait` says that this takes a moment).
   * Throws `invalid_configuration` when another launcher lives in it.
   */
  static async take(home: string, onWait: (text: string) => void): Promise<HomeClaim> {
    makeHome(home);
    const file = join(home, "launcher.json");
    for (;;) {
      try {
        writeFileSync(file, JSON.stringify({ pid: process.pid } satisfies Claim), {
          flag: "wx",
          mode: 0o600,
        });
        return new HomeClaim(file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw notWritable(home, error);
      }
      const claim = readClaim(file);
      if (claim !== undefined) await assertDead(claim, home);
      if (claim?.guardian !== undefined) await guardianEnds(claim.guardian, onWait);
      rmSync(file, { force: true });
    }
  }

  /** Writes down who clears up after us. */
  guardedBy(guardian: number | undefined): void {
    writeFileSync(this.#file, JSON.stringify({ pid: process.pid, guardian } satisfies Claim), {
      mode: 0o600,
    });
  }

  /** Gives the folder back. */
  release(): void {
    rmSync(this.#file, { force: true });
  }
}

function makeHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw notWritable(home, error);
  }
}

function notWritable(home: string, cause: unknown): KerfError {
  return new KerfError("invalid_configuration", {
    message: `The folder for Kerf's state cannot be written to: ${home}`,
    why: (cause as Error).message,
    fix: "Give it to your user, or choose another one with --home DIR or KERF_HOME.",
    cause,
  });
}

function readClaim(file: string): Claim | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Claim;
  } catch {
    // Gone meanwhile, or written halfway by one that died: nobody's.
    return undefined;
  }
}

async function assertDead(claim: Claim, home: string): Promise<void> {
  if (claim.pid === process.pid || !isAlive(claim.pid)) return;
  // Another program may have got the pid since.
  if (
    !(await commandOf(claim.pid)).includes("node") &&
    !(await commandOf(claim.pid)).includes("kerf")
  )
    return;
  throw new KerfError("invalid_configuration", {
    message: "An app is running already with this folder of state.",
    why: `Process ${claim.pid} works with ${home}.`,
    fix: "Stop that one with Ctrl-C, or give this one a folder of its own with --home DIR.",
    data: { pid: claim.pid, home },
  });
}

async function guardianEnds(pid: number, onWait: (text: string) => void): Promise<void> {
  const isOurs = async (): Promise<boolean> => (await commandOf(pid)).includes("guardian.sh");
  if (!(await isOurs())) return;
  onWait("waiting for what ran before to end…");
  for (let waited = 0; waited < guardianBoundMs && (await isOurs()); waited += pollMs)
    await wait(pollMs);
}
