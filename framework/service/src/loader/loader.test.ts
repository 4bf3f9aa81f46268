import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { installLoader } from "./loader.ts";

const loader = installLoader();
after(() => loader.remove());

const fixture = (path: string): string =>
  fileURLToPath(new URL(`./fixtures/${path}`, import.meta.url));
const main = (await import(fixture("decorated/main.ts"))) as Record<string, any>;

test("enums, path aliases, extensionless, folder and .js imports mean what they mean to tsc", () => {
  assert.equal(main["colour"], "green");
  assert.equal(main["painted"], "painted red");
  assert.equal(main["depth"], 2);
  assert.equal(main["plain"]("as it is"), "as it is");
});

test("decorators run, know the types of the constructor, and parameter properties are assigned", () => {
  assert.deepEqual(main["types"], { Orders: ["Store"] });
  assert.equal(main["orders"].place(), 1);
});

test("tsx goes through the JSX runtime that the tsconfig names", async () => {
  const { view } = (await import(fixture("decorated/view.tsx"))) as { view: unknown };
  assert.deepEqual(view, { type: "b", title: "x", children: "text" });
});

test("a field without a value is no property when the tsconfig's target says so", async () => {
  const { Store } = (await import(fixture("decorated/orders.ts"))) as { Store: new () => object };
  assert.deepEqual(Object.keys(new Store()), ["count"]);
});

test("a stack trace names the line of the source, also in a file that was transformed", () => {
  assert.throws(
    () => main["orders"].fail() as never,
    (thrown: Error) => /orders\.ts:33:/.test(thrown.stack ?? ""),
  );
});

test("the files that were loaded are known, and which of them each module needs", () => {
  const under = fixture("decorated/");
  const names = (files: string[]): string[] => files.map((file) => file.slice(under.length));
  assert.deepEqual(names(loader.files.all.filter((file) => file.startsWith(under))), [
    "colour.ts",
    "lib/deep/index.ts",
    "lib/jsx-runtime.ts",
    "lib/paint.ts",
    "main.ts",
    "orders.ts",
    "plain.ts",
    "view.tsx",
  ]);
  assert.deepEqual(names(loader.files.reachableFrom(fixture("decorated/lib/paint.ts"))), [
    "lib/paint.ts",
  ]);
  assert.equal(loader.files.reachableFrom(fixture("decorated/main.ts")).length, 6);
});

test("Kerf's own packages and node_modules are not the app's", async () => {
  await import("@kerf/service");
  assert.deepEqual(
    loader.files.all.filter((file) => !file.includes("/fixtures/")),
    [],
  );
});

test("decorators without the tsconfig option are refused with what to do", async () => {
  await assert.rejects(
    import(fixture("plain-tsconfig/marked.ts")),
    (thrown: Error & { fix?: string }) => {
      assert.match(thrown.message, /marked\.ts has decorators/);
      assert.match(thrown.fix ?? "", /experimentalDecorators/);
      return true;
    },
  );
});

test("an import that nothing answers keeps Node's own error", async () => {
  await assert.rejects(import(fixture("plain-tsconfig/missing.ts")), {
    code: "ERR_MODULE_NOT_FOUND",
  });
});
