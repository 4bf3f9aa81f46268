import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf reconcile` takes. */
export interface ReconcileOptions {
  repair?: true;
  home?: string;
  json?: true;
}

/** `kerf reconcile`: what two services say about the same things, and where they do not agree. */
export function reconcileCommand(): Command {
  return examples(
    new Command("reconcile")
      .summary("compare the data of two services, and mend what differs")
      .description(
        "Shows the last report of every reconciliation. With a service and a name it compares now, waits for the report and prints it; --repair mends what its author says how to mend. Exits with 1 when something differs that was not mended.",
      )
      .argument("[service]", "the service that declares it")
      .argument("[name]", "its name")
      .option("--repair", "mend what can be mended")
      .addOption(homeOption())
      .option(
        "--json",
        "print reports as JSON: [{service, name, compared, differences, repaired, failure, …}]",
      )
      .action(
        async (
          service: string | undefined,
          name: string | undefined,
          options: ReconcileOptions,
        ) => {
          const { reconcile } = await import("../reconcile/reconcile.ts");
          await reconcile(service, name, options);
        },
      ),
    [
      ["kerf reconcile", "the last reports"],
      ["kerf reconcile orders payments-agree", "compare now"],
      ["kerf reconcile orders payments-agree --repair", "compare and mend"],
    ],
  );
}
