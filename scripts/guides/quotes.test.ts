import assert from "node:assert/strict";
import { test } from "node:test";
import { falseQuotes } from "./quotes.ts";

const file = ["const a = 1;", "", "function f() {", "  return a;", "}", "", "const b = 2;"].join(
  "\n",
);
const read = (path: string): string | undefined => (path === "a.ts" ? file : undefined);
const wrong = (block: string): string[] => falseQuotes("page.md", `# Page\n\n${block}\n`, read);

test("a quote may be indented anew and leave lines out, in the order of the file", () => {
  for (const block of [
    "```ts a.ts\nconst a = 1;\n```",
    "```ts a.ts\nreturn a;\n```",
    "```ts a.ts\n  function f() {\n    return a;\n  }\n```",
    "```ts a.ts\nconst a = 1;\n// …\n\nconst b = 2;\n```",
  ])
    assert.deepEqual(wrong(block), [], block);
});

test("what the file does not say, or says in another order, is no quote", () => {
  for (const block of [
    "```ts a.ts\nconst a = 2;\n```",
    "```ts a.ts\nconst b = 2;\n// …\nconst a = 1;\n```",
    "```ts a.ts\nconst a = 1;\nconst b = 2;\n```",
    "```ts gone.ts\nconst a = 1;\n```",
    "```ts\nconst a = 1;\n```",
  ])
    assert.match(wrong(block)[0] ?? "", /^page\.md:3: /, block);
});

test("shell and pictures are no quotes", () => {
  assert.deepEqual(wrong("```sh\nnpm start\n```\n\n```\na → b\n```"), []);
});
