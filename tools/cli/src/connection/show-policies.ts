import type { PolicySettings } from "@kerf/call";
import type { PoliciesOptions } from "../commands/policies.ts";
import { printJson } from "../output/json.ts";
import { table } from "../output/table.ts";
import { withPlatform } from "./connect.ts";
import { declaredPolicies, declaredServices, wantedServices } from "./operate.ts";
import { type OperationPolicy, policiesOf } from "./operation-policy.ts";

/** Prints the policies of one service, or of all. */
export function showPolicies(name: string | undefined, options: PoliciesOptions): Promise<void> {
  return withPlatform(options, async (connection) => {
    const wanted = wantedServices(await declaredServices(connection), name, () => true);
    const set = await declaredPolicies(connection);
    const policies = wanted.flatMap((service) => policiesOf(service, set));
    if (options.json === true) printJson(policies);
    else process.stdout.write(`${policiesText(policies)}\n`);
  });
}

/** The policies as a table with its reasons below, each once. */
export function policiesText(policies: readonly OperationPolicy[]): string {
  const rows = policies.map(({ service, operation, kind, effect, deadlineMs, attempts, set }) => [
    `${service}.${operation}`,
    kind,
    effect === "none" ? "–" : effect,
    deadlineMs === null ? "–" : `${deadlineMs / 1_000} s`,
    String(attempts),
    settingsText(set),
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
        { title: "SET" },
      ],
      rows,
    ),
    "",
    ...legend,
  ].join("\n");
}

/** What is set beside deadline and attempts, which have columns of their own. */
function settingsText({ deadlineMs: _, attempts: __, cache, ...set }: PolicySettings): string {
  const kept = cache === undefined ? [] : [`kept ${cache.ttlMs} ms for ${cache.for}`];
  const others = Object.entries(set).flatMap(([name, value]) =>
    value === true ? [name] : value === false || value === undefined ? [] : [`${name} ${value}`],
  );
  return [...kept, ...others].join(", ");
}
