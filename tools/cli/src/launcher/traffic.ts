import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * The program of an app that sends some traffic through its first gateway, so that there is something to see. The app names it: `"kerf": {"traffic"}` in
 * the package.json beside its module. Nothing depends on it, so nothing that becomes of it is more than a note.
 */
export class Traffic {
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #stopped = false;

  /** Starts it for an app that is ready, with the gateway's address as its argument. It ends when its standard input does, and with that when we do. */
  start(app: string, url: string, note: (text: string) => void): void {
    if (this.#stopped || this.#child !== undefined) return;
    const program = trafficOf(app);
    if (program === undefined) {
      note('! no traffic: the package.json beside the app names none ("kerf": {"traffic": FILE})');
      return;
    }
    const child = spawn(process.execPath, [program, url], {
      cwd: dirname(program),
      // A session of its own: Ctrl-C in the terminal is for the launcher, which ends it.
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#child = child;
    note("visitors come in: light traffic through the first gateway (--quiet: none)");
    child.stdin.on("error", () => {}); // It is gone: `exit` tells.
    const ended = (how: string): void => {
      if (!this.#stopped) note(`! the traffic ended (${how}); the app goes on without it`);
    };
    this.#ended = new Promise<void>((resolve) => {
      child.once("error", (error) => resolve(ended(error.message)));
      child.once("exit", (code, signal) => resolve(ended(signal ?? `exit code ${code}`)));
    });
  }

  /** Ends it, and sees that it is never started again; resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#child?.kill("SIGKILL"); // It keeps nothing.
    await this.#ended;
  }
}

/** The program that the package.json beside an app's module names; undefined where there is none to be found. */
export function trafficOf(app: string): string | undefined {
  const folder = dirname(app);
  try {
    const manifest = JSON.parse(readFileSync(resolve(folder, "package.json"), "utf8")) as {
      kerf?: { traffic?: unknown };
    };
    const named = manifest.kerf?.traffic;
    return typeof named === "string" ? resolve(folder, named) : undefined;
  } catch {
    return undefined;
  }
}
