import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { systemClock } from "@kerf/kernel";
import { type BuildDescriptor, digestOf, openBuild } from "@kerf/service/builds";
import { type Content, filesOf } from "./content.ts";
import { folderFiles } from "./folder-files.ts";
import { BuildStore } from "./store.ts";
import { copyPackages, unbundledOf } from "./unbundled-packages.ts";

const folder = mkdtempSync(join(tmpdir(), "kerf-store-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function made(text: string): { descriptor: BuildDescriptor; content: Content } {
  const content: Content = new Map([
    ["service.js", { bytes: Buffer.from(text) }],
    ["program/run", { bytes: Buffer.from("#!/bin/sh\n"), executable: true }],
  ]);
  const contract = { name: "words", version: "1.0.0", operations: {}, events: {} };
  const none = {
    uses: [],
    follows: [],
    sagas: [],
    schedules: [],
    reconciliations: [],
    workers: [],
  };
  const descriptor: Omit<BuildDescriptor, "digest"> = {
    format: 1,
    kerf: "0.1.0",
    kind: "service",
    service: { name: "words", owner: "tests", contract, issuer: false, ...none },
    against: { calls: [], events: [] },
    sagas: [],
    migrations: [],
    packages: [],
    files: filesOf(content),
  };
  return { descriptor: { ...descriptor, digest: digestOf(descriptor) }, content };
}

test("a build is kept once; a damaged one becomes what it was; what was left behind goes", async () => {
  const directory = join(folder, "builds");
  const store = new BuildStore(directory, systemClock);
  const { descriptor, content } = made("1");
  const first = await store.keep(descriptor, content);
  assert.equal(first.unchanged, false);
  assert.equal(first.build.directory, join(directory, descriptor.digest));
  assert.equal((await store.keep(descriptor, content)).unchanged, true);

  const module = join(first.build.directory, "service.js");
  chmodSync(module, 0o644);
  writeFileSync(module, "2");
  write({ "builds/.building-old/x": "", "builds/.building-new/x": "" });
  utimesSync(join(directory, ".building-old"), 1, 1);
  assert.equal((await store.keep(descriptor, content)).unchanged, false);
  assert.equal(openBuild(first.build.directory).descriptor.digest, descriptor.digest);
  assert.deepEqual(readdirSync(directory).toSorted(), [".building-new", descriptor.digest]);
});

test("builders that are at it at the same time end with the same build", async () => {
  const store = new BuildStore(join(folder, "shared"), systemClock);
  const { descriptor, content } = made("3");
  const kept = await Promise.all(Array.from({ length: 5 }, () => store.keep(descriptor, content)));
  assert.equal(kept.filter(({ unchanged }) => !unchanged).length, 1);
  assert.deepEqual(readdirSync(join(folder, "shared")), [descriptor.digest]);
});

test("a link that leads out of a program's folder is refused, one inside of it is its file", () => {
  write({ "program/a.txt": "a", "outside.txt": "secret" });
  symlinkSync("a.txt", join(folder, "program", "b.txt"));
  const files = () => folderFiles(join(folder, "program"), "program", { what: "It" });
  assert.deepEqual([...files().keys()], ["program/a.txt", "program/b.txt"]);
  symlinkSync("../outside.txt", join(folder, "program", "c.txt"));
  assert.throws(files, /the link .*c\.txt leads out of the folder/);
});

test("packages that stay packages come with what they need, each where it is looked for", () => {
  const installed = (path: string, version: string, dependencies = {}): void => {
    const name = path.replace(/.*node_modules\//, "");
    write({ [`${path}/package.json`]: JSON.stringify({ name, version, dependencies }) });
  };
  write({ "project/package.json": '{"kerf":{"unbundled":["drawing","@old/fonts"]}}' });
  installed("project/node_modules/drawing", "2.0.0", { "@old/fonts": "1", lines: "1" });
  installed("project/node_modules/drawing/node_modules/@old/fonts", "1.0.0");
  installed("project/node_modules/lines", "1.0.0", { drawing: "2" });
  installed("project/node_modules/@old/fonts", "3.0.0");
  write({ "project/node_modules/lines/lines.node": "" });
  const root = join(folder, "project");
  const { content, packages, platform } = copyPackages(
    unbundledOf(root).map((name) => ({ name, from: root })),
  );
  assert.deepEqual([...content.keys()].toSorted(), [
    "node_modules/@old/fonts/package.json",
    "node_modules/drawing/node_modules/@old/fonts/package.json",
    "node_modules/drawing/package.json",
    "node_modules/lines/lines.node",
    "node_modules/lines/package.json",
  ]);
  assert.deepEqual(
    packages.map(({ name, version }) => `${name} ${version}`),
    ["@old/fonts 1.0.0", "@old/fonts 3.0.0", "drawing 2.0.0", "lines 1.0.0"],
  );
  assert.equal(platform, `${process.platform}-${process.arch}`);
  assert.throws(
    () => copyPackages([{ name: "gone", from: root }]),
    /The package gone is not installed/,
  );
  write({ "other/package.json": '{"kerf":{"unbundled":"sharp"}}' });
  assert.throws(() => unbundledOf(join(folder, "other")), /kerf\.unbundled is no list/);
});
