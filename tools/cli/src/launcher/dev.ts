import { resolve } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { DevOptions } from "../commands/dev.ts";
import { homeToStart } from "../connection/home.ts";
import { duration } from "../output/duration.ts";
import { paintFor } from "../output/paint.ts";
import { counts, picture } from "../output/picture.ts";
import { progressView } from "../output/progress-view.ts";
import { findApp } from "./app-file.ts";
import { Guardian } from "./guardian.ts";
import { HomeClaim } from "./home-claim.ts";
import { Launcher } from "./launcher.ts";
import { ownCommand } from "./own-command.ts";
import { assertPortFree } from "./ports.ts";
import { onStopRequest } from "./stop-requests.ts";
import { tryNext } from "./try-next.ts";

/** Runs an app until it is told to stop; resolves with the exit code, throws what is wrong before anything started. */
export async function dev(options: DevOptions): Promise<number> {
  const cwd = process.cwd();
  const app = findApp(options.app, cwd);
  const home = homeToStart(options.home, process.env, cwd);
  const port = options.port ?? 8080;
  const platformPort = options.platformPort ?? 8090;
  const view = progressView({ json: options.json === true, cwd });
  const claim = await HomeClaim.take(home, (text) => view.note(text));
  try {
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
          "--app",
          app,
          "--home",
          home,
          "--port",
          String(port),
          "--platform-port",
          String(platformPort),
          ...(options.cut === undefined ? [] : ["--cut", options.cut]),
          ...(options.replicas === undefined ? [] : ["--replicas", String(options.replicas)]),
          ...(options.broker === undefined ? [] : ["--broker", brokerSetting(options.broker, cwd)]),
          "--network",
          options.network,
          ...(options.certificateLife === undefined
            ? []
            : ["--certificate-life", String(options.certificateLife)]),
          ...(options.authorityLife === undefined
            ? []
            : ["--authority-life", String(options.authorityLife)]),
          ...(options.watch ? [] : ["--no-watch"]),
        ],
      },
      guardian,
      view,
      describe: (status, readyMs) => describe(home, status, readyMs),
    });
    const unlisten = onStopRequest((request) => launcher.stop(request));
    try {
      return await launcher.run();
    } finally {
      unlisten();
    }
  } finally {
    view.close();
    claim.release();
  }
}

/** A file is named as from here: the platform may run elsewhere. Throws `invalid_input` for what is not to be in arguments. */
function brokerSetting(given: string, cwd: string): string {
  if (!given.includes("://")) return resolve(cwd, given);
  if (!given.includes("@")) return given;
  throw new KerfError("invalid_input", {
    message: "The URL of the broker has a user or a password in it.",
    why: "Everybody on a machine can read the arguments of its programs.",
    fix: "Write the URL into a file that only you can read, and give the file: kerf dev --broker FILE",
  });
}

async function describe(
  home: string,
  status: Parameters<typeof picture>[0],
  readyMs: number,
): Promise<string> {
  const paint = paintFor(process.stdout);
  // The client is loaded now, when everything runs, and not before: it would make the start slower.
  const { connect } = await import("../connection/connect.ts");
  const contracts = await connect({ home })
    .then(({ client }) => client.contracts({}))
    .then((answer) => answer.contracts)
    .catch(() => []);
  const commands = tryNext(status, contracts, ownCommand(home, process.env, process.cwd()));
  return [
    "",
    picture(status, paint),
    "",
    `  ${counts(status).ailing === 0 ? "ready" : "started"} after ${duration(readyMs)}; try, in another terminal:`,
    ...commands.map((command) => `    ${paint("name", command)}`),
    `  ${paint("faint", "Ctrl-C stops everything; the data stays in")} ${home}`,
    "",
  ].join("\n");
}
