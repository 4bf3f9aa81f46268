import { Command } from "commander";
import { examples } from "../examples.ts";
import { type StartOptions, withStartOptions } from "./start-options.ts";

/** What `kerf dev` takes. */
export interface DevOptions extends StartOptions {
  watch: boolean;
  traffic?: true;
  quiet?: true;
  open?: true;
  json?: true;
}

/** `kerf dev`: runs an app on this machine until Ctrl-C. */
export function devCommand(): Command {
  return examples(
    withStartOptions(
      new Command("dev")
        .summary("run an app on this machine")
        .description(
          "Runs an app on this machine: databases, services, gateways and the platform that looks after them. " +
            "A changed file restarts just the units that loaded it. Ctrl-C stops everything.",
        ),
    )
      .option("--no-watch", "leave everything as it is when files change")
      .option(
        "--traffic",
        'send light traffic through the first gateway: the program that package.json names as "kerf": {"traffic"}',
      )
      .option("--open", "open the dashboard in the browser, where there is a desktop")
      .option("--quiet", "send no traffic and open no browser after all")
      .option("--json", "print what happens as JSON lines")
      .action(async (options: DevOptions) => {
        const { dev } = await import("../launcher/dev.ts");
        process.exitCode = await dev(options);
      }),
    [
      ["kerf dev", "the app in this folder"],
      ["kerf dev --cut none", "all services in one program"],
      ["kerf dev --replicas 2", "two copies of each program, so that one may die unnoticed"],
      ["kerf dev --traffic", "with visitors who look around, where the app comes with some"],
      ["kerf dev --open", "with the dashboard's map in the browser"],
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
