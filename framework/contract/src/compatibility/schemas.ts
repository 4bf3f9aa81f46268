import type { JsonSchema } from "../schema.ts";
import { Comparison, type CompareOptions } from "./comparison.ts";
import { type SchemaFinding, type Verdict, verdictOf } from "./finding.ts";

/** Whether a reader takes all that a writer sends, and each place where it does not, or where it cannot be said. */
export interface SchemaComparison {
  readonly verdict: Verdict;
  readonly findings: readonly SchemaFinding[];
}

/**
 * Does every value that the writer's schema describes pass the reader's? JSON Schema of draft 2020-12. What schemas do in code (refinements,
 * transforms) stands in neither and is not seen.
 */
export function compareSchemas(
  writer: JsonSchema,
  reader: JsonSchema,
  options: CompareOptions = {},
): SchemaComparison {
  const found = new Comparison(writer, reader, options).compare([writer], reader, "");
  const findings = found.map(({ verdict, path, code, message }) => ({
    verdict,
    path,
    code,
    message,
  }));
  return { verdict: verdictOf(findings), findings };
}
