import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { TourOptions } from "../commands/tour.ts";
import { platformArguments } from "../commands/start-options.ts";
import { upward } from "../connection/home.ts";
import { findApp } from "../launcher/app-file.ts";
import { Guardian } from "../launcher/guardian.ts";
import { Launcher } from "../launcher/launcher.ts";
import { type ProgressView, progressView } from "../output/progress-view.ts";

/** Payments and search have programs of their own, since they are shown alone; the others share one, so that one of them can be cut out. */
const apart = "payments,search";

/** Starts a shop from source with a state of its own, as `kerf dev` does: whatever becomes of us, it ends with us. */
export async function startOwnShop(
  options: Pick<TourOptions, "app" | "json">,
  signal: AbortSignal,
): Promise<{ readonly home: string; leave(): Promise<void> }> {
  const cwd = process.cwd();
  const app = options.app === undefined ? exampleShop(cwd) : findApp(options.app, cwd);
  const home = await mkdtemp(join(tmpdir(), "kerf-tour-"));
  const ready = Promise.withResolvers<"ready">();
  const view = viewUntilReady(options.json === true, ready.promise);
  const start = { network: "unix", cut: apart, port: 0, platformPort: 0 } as const;
  const launcher = new Launcher({
    platform: {
      program: import.meta.resolve("@kerf/platform/main"),
      home,
      args: [...platformArguments(start, { app, home, cwd }), "--no-watch"],
    },
    guardian: new Guardian(home),
    view,
    describe() {
      ready.resolve("ready");
      return Promise.resolve("");
    },
  });
  const ended = launcher.run();
  const leave = async (): Promise<void> => {
    launcher.stop("SIGTERM");
    await ended;
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  };
  view.note("no shop runs: starting one for the tour");
  const stopped = Promise.withResolvers<"stopped">();
  signal.addEventListener("abort", () => stopped.resolve("stopped"));
  if ((await Promise.race([ready.promise, ended, stopped.promise])) === "ready")
    return { home, leave };
  await leave();
  signal.throwIfAborted();
  throw new KerfError("start_failed", {
    message: "The shop for the tour did not start.",
    why: "What it said stands above.",
    fix: "See whether this machine is ready: kerf doctor",
  });
}

function exampleShop(cwd: string): string {
  const found = upward(cwd)
    .map((folder) => join(folder, "examples", "shop", "app.ts"))
    .find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new KerfError("invalid_configuration", {
    message: "No shop runs here, and there is none to start.",
    why: `Neither ${cwd} nor a folder above it holds examples/shop/app.ts.`,
    fix: "Run this in a clone of Kerf, or name the shop's app with --app FILE.",
  });
}

/** Shows how the shop starts. Afterwards the acts say themselves what happens. */
function viewUntilReady(json: boolean, ready: Promise<unknown>): ProgressView {
  const shown = progressView({ json: false, cwd: process.cwd() });
  let isSilent = json;
  void ready.then(() => {
    isSilent = true;
    shown.close();
  });
  return {
    event: (event) => {
      if (!isSilent) shown.event(event);
    },
    note: (text) => {
      if (!isSilent) shown.note(text);
    },
    result: () => {},
    close: () => shown.close(),
  };
}
