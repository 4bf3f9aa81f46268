import { readFileSync } from "node:fs";
import { join } from "node:path";
import { layers } from "../../layers.ts";
import type { Generated } from "../generated.ts";
import { contractChangeTable, migrationChangeTable } from "./compatibility.ts";
import { errorTable } from "./errors.ts";
import { layerTable } from "./layer-table.ts";
import { logFieldTable } from "./log-fields.ts";
import { metricAttributeTable, metricTable } from "./metrics.ts";
import { filled } from "./parts.ts";
import { calleeTable, callerTable, pathPicture } from "./pipelines.ts";
import { policyTable } from "./policies.ts";
import { resourceTable, spanAttributeTable, spanTable } from "./spans.ts";

/** The pages that hold parts written from the code, with these parts as they should be. */
export function guidePages(root: string): Generated[] {
  const read = (path: string): string => readFileSync(join(root, path), "utf8");
  const page = (path: string, parts: Readonly<Record<string, string>>): Generated => ({
    path,
    text: filled(read(path), parts),
  });
  return [
    page("README.md", { path: pathPicture() }),
    page("ARCHITECTURE.md", { layers: layerTable(root, layers) }),
    page("docs/guides/calls.md", {
      path: pathPicture(),
      caller: callerTable(),
      callee: calleeTable(),
      errors: errorTable(),
    }),
    page("docs/guides/resilience.md", {
      policies: policyTable(read("framework/call/src/policies/defaults.ts")),
    }),
    page("docs/guides/tracing.md", {
      spans: spanTable(),
      "span-attributes": spanAttributeTable(),
      resource: resourceTable(),
    }),
    page("docs/guides/metrics.md", {
      metrics: metricTable(),
      "metric-attributes": metricAttributeTable(),
    }),
    page("docs/architecture/compatibility.md", {
      contracts: contractChangeTable(),
      migrations: migrationChangeTable(),
    }),
    page("docs/guides/running.md", { "log-fields": logFieldTable() }),
  ];
}
