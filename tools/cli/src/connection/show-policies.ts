import type { PoliciesOptions } from "../commands/policies.ts";
import { printJson } from "../output/json.ts";
import { table } from "../output/table.ts";
import { withPlatform } from "./connect.ts";
import { declaredServices, wantedServices } from "./operate.ts";
import { type OperationPolicy, policiesOf } from "./operation-policy.ts";

/** Prints the policies of one service, or of all. */
export function showPolicies(name: string | undefined, options: PoliciesOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const wanted = wantedServices(await declaredServices(connection), name, () => true);
    const policies = wanted.flatMap(policiesOf);
    if (options.json === true) printJson(policies);
    else process.stdout.write(`${policiesText(policies)}\n`);
  });
}

/** The policies as a table with its reasons below, each once. */
export function policiesText(policies: readonly OperationPolicy[]): string {
  const rows = policies.map(({ service, operation, kind, effect, deadlineMs, attempts }) => [
    `${service}.${operation}`,
    kind,
    effect === "none" ? "–" : effect,
    deadlineMs === null ? "–" : `${deadlineMs / 1_000} s`,
    String(attempts),
  ]);
  const reasons = new Map(policies.map(({ effect, why }) => [effect, why]));
  const legend = [...reasons].map(
    ([effect, why]) => `  ${effect === "none" ? "–" : effect}: ${why}`,
  );
  return [
    table(
      [
        { title: "OPERATION" },
        { title: "KIND" },
        { title: "EFFECT" },
        { title: "DEADLINE", align: "right" },
        { title: "ATTEMPTS", align: "right" },
      ],
      rows,
    ),
    "",
    ...legend,
  ].join("\n");
}
