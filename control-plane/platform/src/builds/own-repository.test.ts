import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { contract, query } from "@kerf/contract";
import { systemClock } from "@kerf/kernel";
import { openBuild } from "@kerf/service/builds";
import { TestPlatform } from "@kerf/service/testing";
import * as z from "zod";
import { describeApp } from "../manifest/describe.ts";
import { programs } from "../programs.ts";
import { EventLog } from "../progress/event-log.ts";
import { build, type BuildReport } from "./builder.ts";

// A service that no app here names, in a project of its own, which is taken away once it is built.

const folder = realpathSync(mkdtempSync(join(tmpdir(), "kerf-own-")));
after(() => rmSync(folder, { recursive: true, force: true }));
const modules = fileURLToPath(new URL("../../../../node_modules", import.meta.url));

const contracts = `import { contract, query } from "kerf/contract";
import * as z from "zod";
export const catalog = contract("catalog", {
  version: "1.4.0",
  operations: {
    get: query({ input: z.object({ sku: z.string() }), output: z.object({ name: z.string() }) }),
    put: query({ input: z.object({}), output: z.object({}) }),
  },
});
export const reviews = contract("reviews", {
  version: "0.1.0",
  operations: {
    count: query({ access: "public", input: z.object({ sku: z.string() }), output: z.object({ count: z.int(), where: z.string() }) }),
  },
});
`;

async function buildProject(
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<BuildReport> {
  const project = join(folder, name);
  const all = {
    "package.json": '{"name":"reviews","type":"module"}',
    "contracts.ts": contracts,
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }
  mkdirSync(join(project, "node_modules"), { recursive: true });
  for (const installed of ["kerf", "zod"])
    symlinkSync(join(modules, installed), join(project, "node_modules", installed));
  const module = join(project, "service.ts");
  const {
    builds: [report],
  } = await build(
    { module, names: [], out: join(folder, "builds") },
    {
      clock: systemClock,
      events: new EventLog(systemClock),
      describe: () => describeApp(programs.describe, module, { forBuild: true }),
    },
  );
  rmSync(project, { recursive: true });
  assert.ok(report);
  return report;
}

const reviews = contract("reviews", {
  version: "0.1.0",
  operations: {
    count: query({
      access: "public",
      input: z.object({ sku: z.string() }),
      output: z.object({ count: z.int(), where: z.string() }),
    }),
  },
});

test("a service without an app is built, with what it was written against and packages that stay packages", async (context) => {
  const report = await buildProject("typescript", {
    "package.json": '{"name":"reviews","type":"module","kerf":{"unbundled":["counts"]}}',
    "service.ts": `import { counts } from "counts";
import { only, service } from "kerf";
import { catalog, reviews } from "./contracts.ts";
export default service(reviews, { owner: "reviews-team", uses: { catalog: only(catalog, "get") } }).implement({
  count: ({ input }) => ({ count: counts(input.sku), where: import.meta.filename }),
});
`,
    "node_modules/counts/package.json":
      '{"name":"counts","version":"2.0.1","type":"module","exports":"./index.js","dependencies":{"lengths":"1"}}',
    "node_modules/counts/index.js":
      'import { length } from "lengths";\nexport const counts = length;\n',
    "node_modules/lengths/package.json":
      '{"name":"lengths","version":"1.1.0","type":"module","exports":"./index.js"}',
    "node_modules/lengths/index.js": "export const length = (text) => text.length;\n",
  });
  assert.equal(report.notes.length, 1);
  const { against, packages, service } = openBuild(report.directory).descriptor;
  assert.deepEqual(packages, [
    { name: "counts", version: "2.0.1" },
    { name: "lengths", version: "1.1.0" },
  ]);
  assert.deepEqual(service.uses, [
    { name: "catalog", version: "1.4.0", optional: false, operations: ["get"] },
  ]);
  assert.deepEqual(Object.keys(against.calls[0]?.contract.operations ?? {}), ["get"]);

  const platform = await TestPlatform.start();
  context.after(() => platform.end());
  const host = platform.spawn("reviews-1", ["reviews"], {
    appModule: "/nowhere/app.ts",
    builds: { reviews: report.directory },
  });
  await platform.reported("reviews-1", "ready");
  assert.deepEqual(await platform.client(reviews, host).count({ sku: "kettle" }), {
    count: 6,
    where: join(report.directory, "files", "service.ts"),
  });
});

test("a program in another language is built with its files, and its sidecar runs it from there", async (context) => {
  const report = await buildProject("program", {
    "service.ts": `import { external } from "kerf";
import { catalog, reviews } from "./contracts.ts";
export default external(reviews, {
  owner: "reviews-team",
  command: [${JSON.stringify(process.execPath)}, "program.mjs"],
  cwd: new URL("./program", import.meta.url),
});
`,
    "program/program.mjs": `import { createServer } from "node:http";
import { count } from "./deep/count.mjs";
createServer(async (request, response) => {
  let text = "";
  for await (const part of request) text += part;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ count: count(JSON.parse(text).sku), where: process.cwd() }));
}).listen(Number(process.env.PORT), "127.0.0.1");
`,
    "program/deep/count.mjs": "export const count = (sku) => sku.length;\n",
    "program/.env": "SECRET=1\n",
    "program/__pycache__/x.pyc": "",
  });
  const { files, service } = openBuild(report.directory).descriptor;
  assert.deepEqual(
    Object.keys(files).filter((path) => path.startsWith("program/")),
    ["program/deep/count.mjs", "program/program.mjs"],
  );
  assert.deepEqual(service.program, { command: [process.execPath, "program.mjs"] });

  const platform = await TestPlatform.start();
  context.after(() => platform.end());
  const boot = { appModule: "/nowhere/app.ts", builds: { reviews: report.directory } };
  const host = platform.spawn("reviews-1", ["reviews"], boot, programs.sidecar);
  await platform.reported("reviews-1", "ready");
  assert.deepEqual(await platform.client(reviews, host).count({ sku: "cup" }), {
    count: 3,
    where: join(report.directory, "program"),
  });
});
