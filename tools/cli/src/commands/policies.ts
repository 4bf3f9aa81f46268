import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf policies` takes. */
export interface PoliciesOptions {
  home?: string;
  json?: true;
}

/** `kerf policies`: what a caller may rely on, operation by operation. */
export function policiesCommand(): Command {
  return examples(
    new Command("policies")
      .summary("show what may be repeated, and why")
      .description(
        "Shows for each operation of a service how often it takes effect when it is sent again, why, and the bounds of its calls.",
      )
      .argument("[service]", "one service; all of them without it")
      .addOption(homeOption())
      .option(
        "--json",
        "print it as JSON: [{service, operation, kind, effect, why, deadlineMs, attempts, set}]",
      )
      .action(async (service: string | undefined, options: PoliciesOptions) => {
        const { showPolicies } = await import("../connection/show-policies.ts");
        await showPolicies(service, options);
      }),
    [
      ["kerf policies orders", "the operations of orders"],
      [
        `kerf policies --json | jq '.[] | select(.effect == "at least once")'`,
        "what may happen twice",
      ],
    ],
  );
}
