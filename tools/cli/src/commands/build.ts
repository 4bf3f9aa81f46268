import { Command } from "commander";
import { examples } from "../examples.ts";
import { stateOption } from "./state-option.ts";

/** What `kerf build` takes. */
export interface BuildOptions {
  app?: string;
  out?: string;
  home?: string;
  json?: true;
}

/** `kerf build`: makes what is deployed. */
export function buildCommand(): Command {
  return examples(
    new Command("build")
      .summary("build services, so that they run without their source")
      .description(
        "Builds services and backends of gateways: the code of each as one module, its migrations, what it offers and what it was written " +
          "against. A build is named by its content: the same code is the same build, from whatever folder. Needs no running app.",
      )
      .argument(
        "[services...]",
        "names, or the file of one service that no app here names; all of the app without it",
      )
      .option("--app <file>", "module that declares the app (default: app.ts or app.js here)")
      .option("--out <dir>", "folder of the builds (default: builds in the folder of the state)")
      .addOption(stateOption())
      .option(
        "--json",
        "print it as JSON: {builds: [{service, kind, version, digest, directory, unchanged, bytes, files, migrations, notes}]}",
      )
      .action(async (services: string[], options: BuildOptions) => {
        const { build } = await import("../build/build.ts");
        await build(services, options);
      }),
    [
      ["kerf build", "every service and backend of the app in this folder"],
      ["kerf build orders payments", "these two"],
      ["kerf build ./reviews/service.ts", "a service that has a repository of its own"],
      ["kerf build orders --json | jq -r '.builds[0].digest'", "for scripts"],
    ],
  );
}
