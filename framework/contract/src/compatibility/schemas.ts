import type { JsonSchema } from "../schema.ts";
import { Comparison, type CompareOptions } from "./comparison.ts";
import { sensitiveFieldsOf } from "../sensitive/fields.ts";
import { type SchemaFinding, type Sides, type Verdict, verdictOf } from "./finding.ts";

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
  findings.push(...compareMarks(writer, reader, options.sides));
  return { verdict: verdictOf(findings), findings };
}

/** What one side marks as sensitive and the other does not: no value is refused for it, but one side writes down what the other does not. */
function compareMarks(
  writer: JsonSchema,
  reader: JsonSchema,
  sides: Sides = { writer: "the writer", reader: "the reader" },
): SchemaFinding[] {
  const marked = { writer: pathsIn(writer), reader: pathsIn(reader) };
  const found = (path: string, by: keyof Sides, not: keyof Sides): SchemaFinding => ({
    verdict: "compatible",
    path,
    code: "sensitive",
    message: `${sides[by]} marks it as sensitive, ${sides[not]} does not`,
  });
  return [
    ...[...marked.writer.difference(marked.reader)].map((path) => found(path, "writer", "reader")),
    ...[...marked.reader.difference(marked.writer)].map((path) => found(path, "reader", "writer")),
  ];
}

function pathsIn(schema: JsonSchema): ReadonlySet<string> {
  return new Set(sensitiveFieldsOf(schema)?.paths);
}
