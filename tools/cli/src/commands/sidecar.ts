import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf sidecar` takes. */
export interface SidecarOptions {
  service: string;
  home?: string;
  json?: true;
}

/** `kerf sidecar`: a program of one's own in the place of the one that a service declares. */
export function sidecarCommand(): Command {
  return examples(
    new Command("sidecar")
      .summary("run a program of yours as a service, until Ctrl-C")
      .description(
        "Runs a program beside a sidecar in the running app, in the place of the one that the service declares, and shows what it writes. " +
          "At Ctrl-C it finishes what it has begun, and the declared program serves again.",
      )
      .argument("<command...>", "the program and its arguments, after --; no shell reads them")
      .requiredOption("--service <name>", "the service, declared with external(…)")
      .addOption(homeOption())
      .option("--json", "print each line that the program writes as a JSON object")
      .action(async (command: string[], options: SidecarOptions) => {
        const { runSidecar } = await import("../sidecar/run-sidecar.ts");
        await runSidecar(command, options);
      }),
    [
      ["kerf sidecar --service recommendations -- python3 -u service.py", "this folder's program"],
      [
        "kerf sidecar --service recommendations -- env DEBUG=1 python3 -u service.py",
        "with a variable of its own",
      ],
    ],
  );
}
