import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundle, type Bundle } from "./bundle.ts";
import { SourceNames } from "./source-names.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "kerf-bundle-")));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a project and returns its folder. */
function project(name: string, files: Readonly<Record<string, string>>): string {
  const all = { "package.json": '{"name":"example","type":"module"}', ...files };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), text);
  }
  return join(folder, name);
}

const bundled = (module: string, unbundled: readonly string[] = []): Promise<Bundle> =>
  bundle(module, new SourceNames(module), { unbundled, placed: [] });

/** Runs a bundle in a folder where nothing else is. */
async function run({ files }: Bundle, name: string): Promise<any> {
  const at = project(`run-${name}`, Object.fromEntries(files));
  return import(pathToFileURL(join(at, "service.js")).href);
}

test("decorators, enums, aliases and tsx mean in a build what they mean from source", async () => {
  const main = fileURLToPath(
    import.meta
      .resolve("@kerf/service/loader")
      .replace(/loader\.ts$/, "fixtures/decorated/main.ts"),
  );
  const module = await run(await bundled(main), "decorated");
  assert.equal(module.colour, "green");
  assert.equal(module.painted, "painted red");
  assert.deepEqual(module.types, { Orders: ["Store"] });
  assert.equal(module.orders.place(), 1);
});

test("a stack trace names the author's file and line, and no folder of the machine that built", async () => {
  const at = project("stack", {
    "service.ts": 'import { fail } from "./lib/fail.ts";\nexport default { fail };\n',
    "lib/fail.ts":
      "interface Long {\n  a: string;\n}\nexport function fail(given: Long): never {\n  throw new Error(given.a);\n}\n",
  });
  const made = await bundled(join(at, "service.ts"));
  process.setSourceMapsEnabled(true);
  const module = await run(made, "stack");
  assert.throws(
    () => module.default.fail({ a: "here" }) as never,
    (thrown: Error) => /run-stack\/lib\/fail\.ts:5:9/.test(thrown.stack ?? ""),
  );
  for (const text of made.files.values()) assert.ok(!text.includes(folder));
});

test("what an import does not find is named with file and line", async () => {
  const at = project("broken", {
    "service.ts": 'import { list } from "./list.ts";\nexport default list;\n',
    "list.ts": '\n\nimport { gone } from "./gone.ts";\nexport const list = [gone];\n',
  });
  await assert.rejects(bundled(join(at, "service.ts")), (thrown: Error & { code?: string }) => {
    assert.equal(thrown.code, "start_failed");
    assert.match(thrown.message, /gone\.ts/);
    assert.match(thrown.message, /at list\.ts:3:\d+/);
    return true;
  });
  const unknown = project("unknown", {
    "service.ts": 'import { nothing } from "./list.ts";\nexport default nothing;\n',
    "list.ts": "export const list = [];\n",
  });
  await assert.rejects(bundled(join(unknown, "service.ts")), /nothing[\s\S]*at service\.ts:1:\d+/);
});

test("a file that a module names by its URL comes along, and is found where the module looks", async () => {
  const at = project("urls", {
    "service.ts": 'export { text, folder } from "./lib/words.ts";\n',
    "lib/words.ts":
      'import { readFileSync } from "node:fs";\n' +
      'export const text = () => readFileSync(new URL("./words.txt", import.meta.url), "utf8");\n' +
      "export const folder: string = import.meta.dirname;\n",
    "lib/words.txt": "some words",
  });
  const made = await bundled(join(at, "service.ts"));
  assert.deepEqual([...made.assets], [["lib/words.txt", join(at, "lib", "words.txt")]]);
  assert.equal(made.notes.length, 1);
  assert.match(made.notes[0] ?? "", /^lib\/words\.ts names files by where it lies/);
  project("run-urls", { "files/lib/words.txt": "some words" });
  const module = await run(made, "urls");
  assert.equal(module.text(), "some words");
  assert.equal(module.folder, join(folder, "run-urls", "files", "lib"));
});

test("machine code is refused with what to do, and a package that says so stays a package", async () => {
  const at = project("native", {
    "service.ts": 'import { add } from "adder";\nexport default add(1, 2);\n',
    "node_modules/adder/package.json": '{"name":"adder","version":"1.2.3","main":"index.js"}',
    "node_modules/adder/index.js": 'exports.add = require("./build/adder.node").add;\n',
    "node_modules/adder/build/adder.node": "",
  });
  await assert.rejects(bundled(join(at, "service.ts")), (thrown: Error & { fix?: string }) => {
    assert.match(thrown.message, /The package adder loads machine code/);
    assert.match(thrown.fix ?? "", /"unbundled": \["adder"\]/);
    return true;
  });
  const made = await bundled(join(at, "service.ts"), ["adder"]);
  assert.match(made.files.get("service.js") ?? "", /from "adder"/);
});

test("a CommonJS package knows where it would lie, and an optional one may be missing", async () => {
  const at = project("commonjs", {
    "service.ts": 'import old from "old";\nexport default old;\n',
    "node_modules/old/package.json": '{"name":"old","version":"1.0.0","main":"lib/index.js"}',
    "node_modules/old/lib/index.js":
      '"use strict";\nlet fast;\ntry { fast = require("not-installed"); } catch { fast = "slow"; }\n' +
      'exports.fast = fast;\nexports.folder = __dirname;\nexports.file = require("path").basename(__filename);\n',
  });
  const made = await bundled(join(at, "service.ts"));
  assert.deepEqual(made.notes, [
    'the package old names files by where it lies; if it needs them, keep it a package: "kerf": { "unbundled": ["old"] }',
  ]);
  const { default: old } = await run(made, "commonjs");
  assert.equal(old.fast, "slow");
  assert.equal(old.folder, join(folder, "run-commonjs", "files", "node_modules", "old", "lib"));
  assert.equal(old.file, "index.js");
});
