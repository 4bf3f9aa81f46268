import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { contract, query } from "@kerf/contract";
import { TemplateDatabases } from "@kerf/data";
import { startTemporaryServer } from "@kerf/data/embedded";
import { systemClock } from "@kerf/kernel";
import { systemSchema } from "@kerf/service";
import { openBuild } from "@kerf/service/builds";
import { TestPlatform } from "@kerf/service/testing";
import * as z from "zod";
import { describeApp } from "../manifest/describe.ts";
import { programs } from "../programs.ts";
import { EventLog } from "../progress/event-log.ts";
import { build, type BuildReport } from "./builder.ts";

const top = fileURLToPath(new URL("../../../../", import.meta.url));
const folder = realpathSync(mkdtempSync(join(tmpdir(), "kerf-builds-")));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of the shop in a folder of its own, with what is installed here beside it. */
function copyShop(name: string): string {
  const copy = join(folder, name);
  cpSync(join(top, "examples", "shop"), copy, { recursive: true });
  symlinkSync(join(top, "node_modules"), join(copy, "node_modules"));
  return copy;
}

async function buildAll(module: string, out: string, ...names: string[]): Promise<BuildReport[]> {
  const { builds } = await build(
    { module, names, out: join(folder, out) },
    {
      clock: systemClock,
      events: new EventLog(systemClock),
      describe: () => describeApp(programs.describe, module, { forBuild: true }),
    },
  );
  return builds;
}

let built: ReadonlyMap<string, BuildReport>;

before(async () => {
  const shop = copyShop("shop");
  const reports = await buildAll(join(shop, "app.ts"), "builds");
  built = new Map(reports.map((report) => [report.service, report]));
  // Whatever runs from here on runs without the source.
  rmSync(shop, { recursive: true });
});

test("each service and each backend of the shop is a build of its own", () => {
  assert.deepEqual(
    [...built.values()].filter(({ kind }) => kind === "backend").map(({ service }) => service),
    ["web", "mobile"],
  );
  assert.equal(built.size, 10);
  for (const { directory, digest, notes } of built.values()) {
    assert.equal(openBuild(directory).descriptor.digest, digest);
    assert.deepEqual(notes, []);
  }
});

test("a build says what the service was written against", () => {
  const { against, sagas, migrations } = openBuild(built.get("orders")?.directory ?? "").descriptor;
  assert.deepEqual(
    against.calls.map(({ contract: { name, operations } }) => [name, Object.keys(operations)]),
    [
      ["catalog", ["lookup"]],
      ["inventory", ["reserve", "release", "ship"]],
      ["payments", ["authorise", "capture", "void", "get", "charges", "ledger"]],
    ],
  );
  assert.equal(against.calls[1]?.contract.operations["reserve"]?.kind, "command");
  assert.deepEqual(sagas, [{ name: "checkout", version: 1 }]);
  assert.deepEqual(
    migrations.map(({ name }) => name),
    ["0001_orders.sql", "0002_told_by_events.sql"],
  );
  const search = openBuild(built.get("search")?.directory ?? "").descriptor;
  assert.deepEqual(
    search.against.events.map(({ producer, events }) => [producer, Object.keys(events)]),
    [["catalog", ["changed"]]],
  );
});

test("the same code is the same build, wherever it lies and how often it is built", async () => {
  const shop = copyShop("elsewhere");
  const again = await buildAll(join(shop, "app.ts"), "others");
  assert.deepEqual(
    again.map(({ service, digest, unchanged }) => [service, digest, unchanged]),
    [...built.values()].map(({ service, digest }) => [service, digest, false]),
  );
  const third = await buildAll(join(shop, "app.ts"), "others", "users", "web");
  assert.deepEqual(
    third.map(({ service, unchanged }) => [service, unchanged]),
    [
      ["users", true],
      ["web", true],
    ],
  );
});

test("a label makes another build of the same code, and the same label the same one", async () => {
  const module = join(copyShop("labelled"), "app.ts");
  const labelled = async (label: string | undefined): Promise<BuildReport | undefined> => {
    const around = {
      clock: systemClock,
      events: new EventLog(systemClock),
      describe: () => describeApp(programs.describe, module, { forBuild: true }),
    };
    const wanted = { module, names: ["users"], out: join(folder, "builds"), label };
    return (await build(wanted, around)).builds[0];
  };
  const once = await labelled("once more");
  assert.equal(once?.unchanged, false);
  const { descriptor } = openBuild(once.directory);
  assert.equal(descriptor.label, "once more");
  assert.deepEqual(
    descriptor.files,
    openBuild(built.get("users")?.directory ?? "").descriptor.files,
  );
  assert.equal((await labelled("once more"))?.digest, once.digest);
  assert.equal((await labelled(undefined))?.digest, built.get("users")?.digest);
});

test("a service that brings another one's implementation along is told so", async () => {
  const shop = copyShop("entangled");
  const module = join(shop, "search", "service.ts");
  writeFileSync(module, `import "../payments/service.ts";\n${readFileSync(module, "utf8")}`);
  const [report] = await buildAll(join(shop, "app.ts"), "entangled-builds", "search");
  assert.equal(report?.notes.length, 1);
  assert.match(report?.notes[0] ?? "", /imports that of payments, which is in this build now/);
});

test("a host runs the builds of a whole unit without source, app or node_modules beside them", async (context) => {
  const platform = await TestPlatform.start();
  context.after(() => platform.end());
  const temporary = await startTemporaryServer();
  context.after(() => temporary.stop());
  const templates = new TemplateDatabases(temporary.server.database, systemSchema);
  const builds: Record<string, string> = {};
  const databases: NonNullable<Parameters<TestPlatform["spawn"]>[2]>["databases"] = {};
  for (const { directory } of built.values()) {
    const { kind, service } = openBuild(directory).descriptor;
    if (kind === "backend" || service.program !== undefined) continue;
    builds[service.name] = directory;
    const cloned = await templates.clone(service.name, join(directory, "migrations"));
    Object.assign(databases, { [service.name]: { ...cloned.app, connections: 2 } });
  }
  const { privateKey } = generateKeyPairSync("ed25519");
  const host = platform.spawn("main-1", Object.keys(builds), {
    appModule: join(folder, "shop", "app.ts"),
    builds,
    databases,
    keys: { issuer: { ...privateKey.export({ format: "jwk" }), kid: "issuer-1" } },
    settings: {
      payments: {
        config: {},
        secrets: { providerKey: "a key of the test" },
        version: { config: 0, secrets: 1 },
      },
    },
  });
  await platform.reported("main-1", "ready");
  const catalog = contract("catalog", {
    version: "1.0.0",
    operations: {
      featured: query({
        input: z.object({ limit: z.int() }),
        output: z.object({ items: z.array(z.object({ sku: z.string() })) }),
      }),
    },
  });
  const { items } = await platform.client(catalog, host).featured({ limit: 3 });
  assert.equal(items.length, 3);
});
