import { readFileSync } from "node:fs";
import { createRequire, type LoadFnOutput } from "node:module";
import { pathToFileURL } from "node:url";
import { KerfError } from "@kerf/kernel";
import type { TransformOptions, TransformResult } from "oxc-transform";
import { type LoaderTsconfig, tsconfigOf } from "./tsconfig.ts";

const require = createRequire(import.meta.url);

// What type stripping refuses stands in one of these places. A false alarm costs a little time, since the transform does for
// any TypeScript; a miss shows as Node's own error, which names the syntax.
const decorator = /(?:^|[({[;,]|\b(?:export|default|abstract))\s*@[A-Za-z_$]/m;
const moreThanTypes = [
  /(?:^|[;{}])\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?(?:enum|namespace|module)\s+[A-Za-z_$]/m,
  /(?:^|;)\s*(?:export\s+)?import\s+[A-Za-z_$][\w$]*\s*=/m,
  /(?:^|;)\s*export\s*=/m,
  // A parameter property: the modifier stands between the parentheses of a constructor.
  /\bconstructor\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*?\b(?:private|public|protected|readonly|override)\s/,
];

/** Whether a file of this name can be something that Node's type stripping refuses. */
export function mayNeedTransform(file: string): boolean {
  return /\.(?:ts|tsx|mts|cts)$/.test(file);
}

/** The module in JavaScript with its source map; undefined when Node's own type stripping does for it. */
export function transformed(
  file: string,
  format: string | null | undefined,
): LoadFnOutput | undefined {
  const result = transformedSource(file);
  if (result === undefined) return undefined;
  // Lines of transformed code differ from the author's: stack traces go through the map from here on.
  process.setSourceMapsEnabled(true);
  const map = Buffer.from(
    JSON.stringify({ ...result.map, sources: [pathToFileURL(file).href] }),
  ).toString("base64");
  return {
    format: moduleFormat(file, format),
    source: `${result.code}\n//# sourceMappingURL=data:application/json;base64,${map}`,
    shortCircuit: true,
  };
}

/** The module's text in JavaScript and the map to its source; undefined when type stripping does for it. Throws `start_failed`. */
export function transformedSource(file: string): Pick<TransformResult, "code" | "map"> | undefined {
  const source = readFileSync(file, "utf8");
  const decorated = decorator.test(source);
  const isTsx = file.endsWith(".tsx");
  if (!isTsx && !decorated && !moreThanTypes.some((pattern) => pattern.test(source)))
    return undefined;
  const tsconfig = tsconfigOf(file);
  const { transformSync } = require("oxc-transform") as typeof import("oxc-transform");
  const result = transformSync(file, source, transformOptions(tsconfig));
  const [problem] = result.errors.filter((error) => (error.severity as string) === "Error");
  if (problem !== undefined) {
    throw new KerfError("start_failed", {
      message: `${file} cannot be transformed: ${problem.message}`,
      why: problem.codeframe ?? undefined,
      fix: problem.helpMessage ?? "Correct it there.",
    });
  }
  if (
    decorated &&
    tsconfig?.options.experimentalDecorators !== true &&
    decorator.test(result.code)
  ) {
    throw new KerfError("start_failed", {
      message: `${file} has decorators, which JavaScript engines do not run yet.`,
      fix: 'Set "experimentalDecorators": true in its tsconfig.json (and "emitDecoratorMetadata" for Nest and TypeORM).',
    });
  }
  return result;
}

function moduleFormat(file: string, format: string | null | undefined): "module" | "commonjs" {
  return file.endsWith(".cts") || format === "commonjs" || format === "commonjs-typescript"
    ? "commonjs"
    : "module";
}

const beforeEs2022 = /^es(?:3|5|6|201\d|202[01])$/i;

function transformOptions(tsconfig: LoaderTsconfig | undefined): TransformOptions {
  const options = tsconfig?.options ?? {};
  // As tsc decides it: fields are assigned, not defined, where the target is older than the standard's own fields.
  const assignsFields = !(
    options.useDefineForClassFields ?? !beforeEs2022.test(options.target ?? "")
  );
  return {
    sourcemap: true,
    target: "esnext",
    assumptions: { setPublicClassFields: assignsFields },
    decorator: {
      legacy: options.experimentalDecorators === true,
      emitDecoratorMetadata: options.emitDecoratorMetadata === true,
      strictNullChecks: options.strictNullChecks ?? options.strict ?? false,
    },
    typescript: {
      onlyRemoveTypeImports: options.verbatimModuleSyntax === true,
      removeClassFieldsWithoutInitializer: assignsFields,
    },
    jsx: {
      runtime: options.jsx === "react" ? "classic" : "automatic",
      development: options.jsx === "react-jsxdev",
      ...(options.jsxImportSource === undefined
        ? undefined
        : { importSource: options.jsxImportSource }),
    },
  };
}
