import type { DevOptions } from "../commands/dev.ts";
import { platformArguments } from "../commands/start-options.ts";
import { homeToStart } from "../connection/home.ts";
import { eventLines, progressView } from "../output/progress-view.ts";
import { assertNoPlatform } from "../background/running-platform.ts";
import { findApp } from "./app-file.ts";
import { Browser, browserOpener } from "./browser.ts";
import { Guardian } from "./guardian.ts";
import { HomeClaim } from "./home-claim.ts";
import { Launcher } from "./launcher.ts";
import { assertPortFree } from "./ports.ts";
import { readyText } from "./ready-text.ts";
import { onStopRequest } from "./stop-requests.ts";
import { Traffic } from "./traffic.ts";

/** Runs an app until it is told to stop; resolves with the exit code, throws what is wrong before anything started. */
export async function dev(options: DevOptions): Promise<number> {
  const cwd = process.cwd();
  const app = findApp(options.app, cwd);
  const home = homeToStart(options.home, process.env, cwd);
  const port = options.port ?? 8080;
  const platformPort = options.platformPort ?? 8090;
  const view = options.json === true ? eventLines : progressView(cwd);
  const claim = await HomeClaim.take(home, (text) => view.note(text));
  const traffic = new Traffic();
  const opener =
    options.open === true && options.quiet !== true && options.json !== true
      ? browserOpener(process.env, process.platform, process.stdout.isTTY)
      : undefined;
  const browser = opener === undefined ? undefined : new Browser(home, opener);
  try {
    await assertNoPlatform(home);
    await assertPortFree(
      port,
      "the gateway",
      "Stop that program, or choose another port with --port or PORT.",
    );
    await assertPortFree(
      platformPort,
      "the platform",
      "Stop that program, or choose another port with --platform-port or KERF_PLATFORM_PORT.",
    );
    const guardian = new Guardian(home);
    claim.guardedBy(guardian.pid);
    const launcher = new Launcher({
      platform: {
        program: import.meta.resolve("@kerf/platform/main"),
        home,
        args: [
          ...platformArguments(options, { app, home, cwd }),
          ...(options.watch ? [] : ["--no-watch"]),
        ],
      },
      guardian,
      view,
      describe: (status, readyMs) => {
        const url = status.gateways[0]?.url;
        if (options.traffic === true && options.quiet !== true && url !== undefined)
          traffic.start(app, url, (text) => view.note(text));
        const open = browser && ((link: string) => browser.open(link));
        return readyText(home, status, { readyMs, where: "elsewhere", open, stop: () => "Ctrl-C" });
      },
    });
    const unlisten = onStopRequest((request) => {
      void traffic.stop();
      launcher.stop(request);
    });
    try {
      return await launcher.run();
    } finally {
      unlisten();
    }
  } finally {
    await traffic.stop();
    browser?.forget();
    view.close();
    claim.release();
  }
}
