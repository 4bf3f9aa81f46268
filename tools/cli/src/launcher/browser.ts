import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The program that opens a file in the browser of whoever sits here; undefined where nobody does: without a desktop, over SSH, under CI, without a terminal. */
export function browserOpener(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
  isTerminal: boolean,
): string | undefined {
  const isSet = (name: string): boolean => (env[name] ?? "") !== "";
  if (!isTerminal || isSet("CI") || isSet("SSH_CONNECTION") || isSet("SSH_TTY")) return undefined;
  if (platform === "darwin") return "open";
  return isSet("DISPLAY") || isSet("WAYLAND_DISPLAY") ? "xdg-open" : undefined;
}

/**
 * Opens a link that signs in. Everybody on a machine can read the arguments of its programs: the browser is given a file that only its user can read,
 * which leads to the link. Whoever has no such program opens the link that is printed.
 */
export class Browser {
  readonly #file: string;
  readonly #opener: string;

  /** `home`: the folder of state, where the file lies. */
  constructor(home: string, opener: string) {
    this.#file = join(home, "dashboard.html");
    this.#opener = opener;
  }

  /** Nothing that becomes of it fails anything. */
  open(url: string): void {
    this.forget();
    try {
      writeFileSync(this.#file, leadingTo(url), { mode: 0o600, flag: "wx" });
    } catch {
      return;
    }
    const child = spawn(this.#opener, [pathToFileURL(this.#file).href], {
      // It is the user's own: Ctrl-C here does not end it.
      detached: true,
      stdio: "ignore",
    });
    child.on("error", () => {}).unref();
  }

  /** Takes the file away; its link is worth nothing by then, or within five minutes. */
  forget(): void {
    rmSync(this.#file, { force: true });
  }
}

function leadingTo(url: string): string {
  const text = url.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  return `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0;url=${text}"><title>Kerf</title><a href="${text}">The dashboard</a>\n`;
}
