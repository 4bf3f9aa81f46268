import { answerOf, type Dialect, operationsEach } from "./generated-app.ts";

const all = Array.from({ length: operationsEach }, (_, index) => index);

/** The same app as oRPC's documentation of contract-first development writes it. */
export const orpcDialect: Dialect = {
  imports: `import { oc } from "@orpc/contract";`,
  operation: (index) =>
    `  op${index}: oc.input(Input${index}).output(Output${index}).errors({ MISSING: { status: 404, data: Missing${index} } }),`,
  contract: (service, operations) => `export const contract${service} = {\n${operations}\n};\n`,
  implementation: (service) => ({
    imports: `import { implement } from "@orpc/server";\nimport { contract${service} } from "./contract${service}.ts";`,
    text: `const os = implement(contract${service});
export const service${service} = os.router({
${all.map((index) => `  op${index}: os.op${index}.handler(async ({ input, errors }) => { if (input.page > 9) throw errors.MISSING({ data: { id: input.id } }); return ${answerOf(index)}; }),`).join("\n")}
});
`,
  }),
  callers: (service) => ({
    imports: `import { safe } from "@orpc/client";\nimport type { ContractRouterClient } from "@orpc/contract";\nimport type { contract${service} } from "./contract${service}.ts";`,
    text: `declare const client: ContractRouterClient<typeof contract${service}>;
${all
  .map(
    (index) => `export async function use${index}(): Promise<number | string> {
  const result = await safe(client.op${index}({ id: "a", page: 1, tags: [] }));
  if (result.isSuccess) return result.data.total + (result.data.items[0]?.price.amount ?? 0) + result.data.op${index};
  return result.isDefined ? result.error.data.id : 0;
}`,
  )
  .join("\n")}
`,
  }),
};
