import { Command, Option } from "commander";
import { examples } from "../examples.ts";

/** What `kerf init` takes. */
export interface InitOptions {
  force?: true;
  kerf?: string;
  json?: true;
}

/** `kerf init`: a new app to start from. */
export function initCommand(): Command {
  return examples(
    new Command("init")
      .summary("write a new app")
      .description(
        "Writes a new app of two services with a database, a front door and tests, ready to be run and changed.",
      )
      .argument("<dir>", "folder to write it to; made when it is not there")
      .option("--force", "write into a folder that is not empty, over files of the same names")
      .addOption(
        new Option(
          "--kerf <spec>",
          "version, URL or file of the kerf package that it depends on (default: this one's version)",
        ).env("KERF_INIT_SPEC"),
      )
      .option("--json", "print {directory, name, files} as JSON")
      .action(async (directory: string, options: InitOptions) => {
        const { init } = await import("../scaffold/init.ts");
        init(directory, options);
      }),
    [
      [
        "kerf init booking && cd booking && npm install && npm start",
        "from nothing to a running app",
      ],
    ],
  );
}
