import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { KerfError } from "@kerf/kernel";
import { portOption } from "./port-option.ts";
import { stateOption } from "./state-option.ts";

/** What every command takes that starts an app. */
export interface StartOptions {
  app?: string;
  cut?: string;
  replicas?: number;
  network: "unix" | "tcp";
  certificateLife?: number;
  authorityLife?: number;
  broker?: string;
  redis?: string;
  port?: number;
  platformPort?: number;
  home?: string;
}

/** Gives a command the options that say what is started, and where. */
export function withStartOptions(command: Command): Command {
  return command
    .option("--app <file>", "module that declares the app (default: app.ts or app.js here)")
    .option(
      "--cut <services>",
      "which services get a program of their own: none, all, or names with commas (default: as the app declares)",
    )
    .option("--replicas <number>", "copies of each unit, 1 to 8 (default: 1)", replicas)
    .option(
      "--broker <url or file>",
      "what carries events: nats://host:4222, kafka://host:9092, a file that only you can read, with a URL that has a password, or docker (kerf up --runtime docker: NATS in a container, docker:IMAGE names another) (default: no broker)",
    )
    .option(
      "--redis <url or file>",
      "where services keep something in Redis: redis://host:6379, a file that only you can read, with a URL that has a password, or docker (kerf up --runtime docker: Redis in a container, docker:IMAGE names another) (default: redis-server or valkey-server of the PATH, when a service needs one)",
    )
    .addOption(
      new Option(
        "--network <kind>",
        "what programs talk over: unix (sockets that only you can open) or tcp (mutual TLS, as between machines)",
      )
        .choices(["unix", "tcp"])
        .default("unix"),
    )
    .addOption(
      secondsOption(
        "--certificate-life <seconds>",
        "how long a program's certificate holds with --network tcp (default: 24 h)",
      ),
    )
    .addOption(
      secondsOption(
        "--authority-life <seconds>",
        "how long what signs them holds (default: a year)",
      ),
    )
    .addOption(portOption("--port <number>", "port of the first gateway", "PORT", 8080))
    .addOption(
      portOption(
        "--platform-port <number>",
        "port of the platform's API",
        "KERF_PLATFORM_PORT",
        8090,
      ),
    )
    .addOption(stateOption());
}

/** The command line of the platform for these options; throws `invalid_input` for what is not to be in arguments. */
export function platformArguments(
  options: StartOptions,
  place: { app: string; home: string; cwd: string },
): string[] {
  const { cut, replicas: copies, broker, certificateLife, authorityLife, redis } = options;
  return [
    "--app",
    place.app,
    "--home",
    place.home,
    "--port",
    String(options.port ?? 8080),
    "--platform-port",
    String(options.platformPort ?? 8090),
    "--network",
    options.network,
    ...given("--cut", cut),
    ...given("--replicas", copies),
    ...given("--broker", placeSetting("--broker", "the broker", broker, place.cwd)),
    ...given("--redis", placeSetting("--redis", "Redis", redis, place.cwd)),
    ...given("--certificate-life", certificateLife),
    ...given("--authority-life", authorityLife),
  ];
}

function given(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [name, String(value)];
}

/** A file is named as from here: the platform may run elsewhere. */
function placeSetting(
  option: string,
  what: string,
  given: string | undefined,
  cwd: string,
): string | undefined {
  if (given === undefined || given === "docker" || given.startsWith("docker:")) return given;
  if (!given.includes("://")) return resolve(cwd, given);
  if (!given.includes("@")) return given;
  throw new KerfError("invalid_input", {
    message: `The URL of ${what} has a user or a password in it.`,
    why: "Everybody on a machine can read the arguments of its programs.",
    fix: `Write the URL into a file that only you can read, and give the file: ${option} FILE`,
  });
}

/** For trying out what happens when certificates are renewed: nobody waits for a day. */
function secondsOption(flags: string, description: string): Option {
  return new Option(flags, description).hideHelp().argParser((text) => {
    if (!/^\d{1,9}$/.test(text) || Number(text) < 2)
      throw new InvalidArgumentError("It must be a number of seconds from 2.");
    return Number(text);
  });
}

function replicas(text: string): number {
  if (!/^[1-8]$/.test(text)) throw new InvalidArgumentError("It must be a number from 1 to 8.");
  return Number(text);
}
