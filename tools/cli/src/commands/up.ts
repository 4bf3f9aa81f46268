import { Command, Option } from "commander";
import { examples } from "../examples.ts";
import { type StartOptions, withStartOptions } from "./start-options.ts";

/** What `kerf up` takes. */
export interface UpOptions extends StartOptions {
  environment: string;
  runtime: "process" | "docker";
  postgres?: string;
  json?: true;
}

/** `kerf up`: runs an app on this machine in the background. */
export function upCommand(): Command {
  return examples(
    withStartOptions(
      new Command("up")
        .summary("run an app in the background")
        .description(
          "Runs an app on this machine until kerf down, whatever becomes of the terminal, and comes back when it is ready. At the first start everything is " +
            "built; from then on it runs what was deployed, whatever becomes of the source: kerf deploy. " +
            "When it runs already, says where. When only the platform has ended, starts that again: it takes over what runs.",
        ),
    )
      .option("--environment <name>", "what this environment is called", "production")
      .addOption(
        new Option(
          "--runtime <kind>",
          "what units are: process, or docker (containers of the Docker of this machine)",
        )
          .choices(["process", "docker"])
          .default("process"),
      )
      .option(
        "--postgres <where>",
        "with --runtime docker: docker (PostgreSQL servers in containers, of the image postgres:18) or docker:IMAGE (default: embedded servers)",
      )
      .option("--json", "print {type: started or running, status} as JSON")
      .action(async (options: UpOptions) => {
        const { up } = await import("../background/up.ts");
        process.exitCode = await up(options);
      }),
    [
      ["kerf up", "the app in this folder"],
      ["kerf up --replicas 2", "two copies of each program, so that one may die unnoticed"],
      ["kerf up --runtime docker", "units as containers"],
      [
        "kerf up --runtime docker --postgres docker --broker docker",
        "PostgreSQL and NATS as containers too",
      ],
      ["kerf up --app app.ts --home /var/lib/shop", "the state in a folder of its own"],
    ],
  );
}
