import { Command, InvalidArgumentError, Option } from "commander";
import { examples } from "../examples.ts";
import { portOption } from "./port-option.ts";
import { stateOption } from "./state-option.ts";

/** What `kerf dev` takes. */
export interface DevOptions {
  app?: string;
  cut?: string;
  replicas?: number;
  network: "unix" | "tcp";
  certificateLife?: number;
  authorityLife?: number;
  broker?: string;
  port?: number;
  platformPort?: number;
  home?: string;
  watch: boolean;
  json?: true;
}

/** `kerf dev`: runs an app on this machine until Ctrl-C. */
export function devCommand(): Command {
  return examples(
    new Command("dev")
      .summary("run an app on this machine")
      .description(
        "Runs an app on this machine: databases, services, gateways and the platform that looks after them. " +
          "A changed file restarts just the units that loaded it. Ctrl-C stops everything.",
      )
      .option("--app <file>", "module that declares the app (default: app.ts or app.js here)")
      .option(
        "--cut <services>",
        "which services get a program of their own: none, all, or names with commas (default: as the app declares)",
      )
      .option("--replicas <number>", "copies of each unit, 1 to 8 (default: 1)", replicas)
      .option(
        "--broker <url or file>",
        "what carries events: nats://host:4222, kafka://host:9092, or a file that only you can read, with a URL that has a password (default: no broker)",
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
      .addOption(stateOption())
      .option("--no-watch", "leave everything as it is when files change")
      .option("--json", "print what happens as JSON lines")
      .action(async (options: DevOptions) => {
        const { dev } = await import("../launcher/dev.ts");
        process.exitCode = await dev(options);
      }),
    [
      ["kerf dev", "the app in this folder"],
      ["kerf dev --cut none", "all services in one program"],
      ["kerf dev --replicas 2", "two copies of each program, so that one may die unnoticed"],
      [
        "kerf dev --network tcp",
        "programs talk over TCP with certificates, as they would between machines",
      ],
      ["kerf dev --broker nats://localhost:4222", "events travel through NATS JetStream"],
      [
        "kerf dev --cut search,orders --port 3000",
        "only those two apart, the gateway on port 3000",
      ],
    ],
  );
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
