import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { TourOptions } from "../commands/tour.ts";
import { platformArguments } from "../commands/start-options.ts";
import { Guardian } from "../launcher/guardian.ts";
import { Launcher } from "../launcher/launcher.ts";
import { type ProgressView, progressView } from "../output/progress-view.ts";
import { shopSource } from "./shop-source.ts";

/** Payments and search have programs of their own, since they are shown alone; the others share one, so that one of them can be cut out. */
const apart = "payments,search";

/** Starts a shop with a state of its own, from releases as `kerf up` does, since these can be deployed to. Whatever becomes of us, it ends with us. */
export async function startOwnShop(
  options: Pick<TourOptions, "app"> & { readonly json: boolean; readonly why: string },
  signal: AbortSignal,
): Promise<{ readonly home: string; leave(): Promise<void> }> {
  const cwd = process.cwd();
  const app = shopSource(options.app, cwd) ?? noSource(cwd);
  const home = await mkdtemp(join(tmpdir(), "kerf-tour-"));
  const ready = Promise.withResolvers<"ready">();
  const view = viewUntilReady(options.json, ready.promise);
  const start = { network: "unix", cut: apart, port: 0, platformPort: 0 } as const;
  const launcher = new Launcher({
    platform: {
      program: import.meta.resolve("@kerf/platform/main"),
      home,
      args: [...platformArguments(start, { app, home, cwd }), "--releases"],
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
  view.note(options.why);
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

function noSource(cwd: string): never {
  throw new KerfError("invalid_configuration", {
    message: "No shop runs here, and there is none to start.",
    why: `Neither ${cwd} nor a folder above it holds examples/shop/app.ts.`,
    fix: "Run this in a clone of Kerf, or name the shop's app with --app FILE.",
  });
}

/** Shows how the shop starts. Afterwards the acts say themselves what happens. */
function viewUntilReady(json: boolean, ready: Promise<unknown>): ProgressView {
  const shown = progressView(process.cwd());
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
