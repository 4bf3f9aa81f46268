import { answerOf, type Dialect, operationsEach } from "./generated-app.ts";

const all = Array.from({ length: operationsEach }, (_, index) => index);

/** The app as an author writes it with Kerf. */
export const kerfDialect: Dialect = {
  imports: `import { contract, query, error } from "kerf/contract";`,
  operation: (index) =>
    `    op${index}: query({ input: Input${index}, output: Output${index}, errors: { missing: error({ status: 404, data: Missing${index} }) } }),`,
  contract: (service, operations) =>
    `export const contract${service} = contract("s${service}", {\n  version: "1.0.0",\n  operations: {\n${operations}\n  },\n});\n`,
  implementation: (service) => ({
    imports: `import { service } from "kerf";\nimport { contract${service} } from "./contract${service}.ts";`,
    text: `export const service${service} = service(contract${service}, { owner: "team" });
service${service}.implement({
${all.map((index) => `  async op${index}({ input, errors }) { if (input.page > 9) throw errors.missing({ id: input.id }); return ${answerOf(index)}; },`).join("\n")}
});
`,
  }),
  callers: (service) => ({
    imports: `import { type Client, safe } from "kerf/contract";\nimport type { contract${service} } from "./contract${service}.ts";`,
    text: `declare const client: Client<typeof contract${service}>;
${all
  .map(
    (index) => `export async function use${index}(): Promise<number | string> {
  const result = await safe(client.op${index}({ id: "a", page: 1, tags: [] }));
  if (result.ok) return result.value.total + (result.value.items[0]?.price.amount ?? 0) + result.value.op${index};
  return result.error.code === "missing" ? result.error.data.id : 0;
}`,
  )
  .join("\n")}
`,
  }),
};
