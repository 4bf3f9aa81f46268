import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Operations of each service: with 50 services an app of the 1,000 that the bar names. */
export const operationsEach = 20;

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** How one library writes the same app. */
export interface Dialect {
  imports: string;
  /** One operation of a contract, from the schemas that stand above it. */
  operation(index: number): string;
  /** The contract around its operations. */
  contract(service: number, operations: string): string;
  implementation(service: number): { imports: string; text: string };
  /** A caller of every operation, declared errors included. */
  callers(service: number): { imports: string; text: string };
}

/** Writes the app and its tsconfig into `folder`; `modules` are the folders its packages come from. */
export async function writeApp(
  folder: string,
  dialect: Dialect,
  modules: string,
  services: number,
): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "src"), { recursive: true });
  await symlink(modules, join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), `{"type":"module","private":true}`);
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        target: "esnext",
        module: "nodenext",
        moduleResolution: "nodenext",
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: [],
        allowImportingTsExtensions: true,
      },
      include: ["src"],
    }),
  );
  for (const service of range(services)) {
    const schemas = range(operationsEach)
      .map((index) => schemasOf(service, index))
      .join("");
    const operations = range(operationsEach)
      .map((index) => dialect.operation(index))
      .join("\n");
    await write(
      `contract${service}`,
      `${dialect.imports}\nimport { z } from "zod";\n${schemas}${dialect.contract(service, operations)}`,
    );
    for (const [kind, part] of [
      ["service", dialect.implementation(service)],
      ["callers", dialect.callers(service)],
    ] as const) {
      await write(`${kind}${service}`, `${part.imports}\n${part.text}`);
    }
  }

  function write(name: string, text: string): Promise<void> {
    return writeFile(join(folder, "src", `${name}.ts`), text);
  }
}

function schemasOf(service: number, index: number): string {
  return `const Input${index} = z.object({ id: z.string(), page: z.number().int().min(1), filter: z.enum(["all", "s${service}"]).optional(), tags: z.array(z.string()) });
const Output${index} = z.object({ id: z.string(), total: z.number(), items: z.array(z.object({ sku: z.string(), quantity: z.number(), price: z.object({ amount: z.number(), currency: z.string() }) })), op${index}: z.literal(${index}) });
const Missing${index} = z.object({ id: z.string(), hint: z.string().optional() });
`;
}

/** What the handlers of both sides return. */
export function answerOf(index: number): string {
  return `{ id: input.id, total: input.page, items: [{ sku: input.tags[0] ?? "", quantity: 1, price: { amount: 1, currency: "EUR" } }], op${index}: ${index} as const }`;
}
