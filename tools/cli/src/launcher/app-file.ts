import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { KerfError } from "@kerf/kernel";

const usual = ["app.ts", "app.mts", "app.js", "app.mjs"];

/** The module that declares the app: as given, `app.ts` or `app.js` here, or what package.json names as `"kerf": {"app"}`. */
export function findApp(given: string | undefined, cwd: string): string {
  if (given !== undefined) return existing(resolve(cwd, given), `--app ${given}`);
  for (const name of usual) {
    if (existsSync(join(cwd, name))) return join(cwd, name);
  }
  const named = namedInPackage(join(cwd, "package.json"));
  if (named !== undefined) return existing(resolve(cwd, named), `"kerf": {"app"} in package.json`);
  throw new KerfError("invalid_configuration", {
    message: `There is no app in ${cwd}.`,
    why: `It holds neither ${usual.join(" nor ")}, and no package.json with "kerf": {"app": "…"}.`,
    fix: "Run this in the app's folder, pass --app FILE, or make a new app with kerf init DIR.",
  });
}

function existing(file: string, from: string): string {
  if (existsSync(file)) return file;
  throw new KerfError("invalid_configuration", {
    message: `The app module ${file} does not exist.`,
    why: `${from} names it.`,
    fix: "Correct the path.",
  });
}

function namedInPackage(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const manifest = JSON.parse(readFileSync(file, "utf8")) as { kerf?: { app?: unknown } };
    return typeof manifest.kerf?.app === "string" ? manifest.kerf.app : undefined;
  } catch (cause) {
    throw new KerfError("invalid_configuration", {
      message: `${file} cannot be read.`,
      why: (cause as Error).message,
      fix: "Correct the file.",
      cause,
    });
  }
}
