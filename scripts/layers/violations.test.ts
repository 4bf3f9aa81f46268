import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { layers } from "../../layers.ts";
import { root } from "../root.ts";
import { importsOf } from "./imports.ts";
import { violationsIn } from "./violations.ts";

test("the broken workspace breaks every rule, and every breach is reported at once", () => {
  const found = violationsIn(join(root, "scripts/fixtures/layers"), layers).map(
    ({ file, line, rule }) => `${file}:${line} ${rule}`,
  );
  const nothing = "it may import nothing of ours";
  const contract = "it may import @kerf/kernel";
  const proxy =
    "it may import @kerf/kernel, @kerf/telemetry, @kerf/contract, @kerf/call, @kerf/service, @kerf/control-api";
  const undeclared = "which its package.json does not name";
  assert.deepEqual(found, [
    `framework/kernel/package.json:4 @kerf/kernel depends on @kerf/call; ${nothing}`,
    "framework/kernel/src/index.ts:1 @kerf/kernel imports node:fs, but also runs in browsers",
    "framework/kernel/src/index.ts:2 imports path without node:",
    `framework/kernel/src/index.ts:3 @kerf/kernel imports types of @kerf/call; ${nothing}`,
    "framework/contract/src/index.ts:1 imports ../../kernel/src/index.ts, which leaves framework/contract",
    "framework/contract/src/index.ts:3 imports itself by name (@kerf/contract)",
    `framework/contract/src/index.ts:4 @kerf/contract imports types of @kerf/call; ${contract}`,
    `framework/contract/src/index.ts:5 @kerf/contract imports @kerf/service; ${contract}`,
    `framework/contract/src/index.ts:7 imports zod, ${undeclared}`,
    "framework/contract/src/index.ts:8 imports ./testing/shared.ts, which only tests may",
    `framework/contract/src/schema.test.ts:4 @kerf/contract imports @kerf/platform; ${contract}`,
    `data-plane/proxy/package.json:4 @kerf/proxy depends on @kerf/platform; ${proxy}`,
    `data-plane/proxy/src/gateway.ts:1 imports @kerf/call, ${undeclared}`,
    `data-plane/proxy/src/gateway.ts:2 @kerf/proxy imports @kerf/platform; ${proxy}`,
    "examples/shop/app.ts:2 shop imports @kerf/service; it may import kerf",
  ]);
});

test("each violation says why its rule exists", () => {
  const violations = violationsIn(join(root, "scripts/fixtures/layers"), layers);
  assert.ok(violations.every(({ reason }) => reason.length > 20));
});

test("every way to name a module is seen, with its line", () => {
  const source = [
    'import a from "a";',
    'import type { B } from "b";',
    'export { c } from "c";',
    'export type * from "d";',
    'const e = import("e");',
    "const f = import(`f`);",
    'type G = typeof import("g");',
    'import h = require("h");',
    'const i = require("i");',
    "const computed = import(`./${e}`);",
    'const started = import.meta.resolve("j");',
    '// import "k"; and "import l from \'l\'"',
  ].join("\n");
  assert.deepEqual(
    importsOf("example.ts", source)
      .toSorted((left, right) => left.line - right.line)
      .map(({ specifier, line, kind }) => `${line} ${specifier} ${kind}`),
    [
      "1 a value",
      "2 b type",
      "3 c value",
      "4 d type",
      "5 e value",
      "6 f value",
      "7 g type",
      "8 h value",
      "9 i value",
    ],
  );
});

test("a file that does not parse is named with its line", () => {
  assert.throws(
    () => importsOf("broken.ts", "const a = 1;\nimport from from;"),
    /^Error: broken\.ts:2: /,
  );
});
