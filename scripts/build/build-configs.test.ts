import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { layers } from "../../layers.ts";
import { root } from "../root.ts";
import { buildConfigs, compiledPackages, publishedPackages } from "./build-configs.ts";

test("every published package is built after the ones that its package.json names", () => {
  const configs = buildConfigs(root, layers);
  const data = JSON.parse(configs.get("framework/data/tsconfig.build.json") ?? "") as {
    references: unknown;
  };
  assert.deepEqual(data.references, [
    { path: "../kernel/tsconfig.build.json" },
    { path: "../telemetry/tsconfig.build.json" },
  ]);
  const whole = JSON.parse(configs.get("tsconfig.build.json") ?? "") as { references: unknown[] };
  assert.equal(whole.references.length, compiledPackages(root, layers).length);
});

test("packages that depend on each other have one version", () => {
  const packages = publishedPackages(root, layers);
  const versions = new Map(packages.map(({ manifest }) => [manifest.name, manifest.version]));
  for (const { manifest } of packages)
    for (const [name, version] of Object.entries(manifest.dependencies ?? {}))
      if (versions.has(name))
        assert.equal(version, versions.get(name), `${manifest.name} → ${name}`);
});

test("every export exists, and its built file is the one that its source becomes", () => {
  for (const { folder, manifest } of publishedPackages(root, layers))
    for (const [name, entry] of Object.entries(manifest.exports ?? {})) {
      const source = entry["kerf-source"];
      assert.ok(
        existsSync(join(root, folder, source)),
        `${manifest.name} ${name}: ${source} does not exist`,
      );
      const built = source.replace("./src/", "./dist/").replace(/\.ts$/, "");
      assert.deepEqual(
        [entry.types, entry.default],
        [`${built}.d.ts`, `${built}.js`],
        `${manifest.name} ${name}`,
      );
    }
});
