import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { contract, query } from "@kerf/contract";
import { z } from "zod";
import { buildFiles } from "./descriptor.ts";
import { canonicalJson, digestOf } from "./digest.ts";
import { manifestOfBuild } from "./manifest-of-build.ts";
import { openBuild } from "./open-build.ts";
import { parseDescriptor } from "./parse-descriptor.ts";
import { writeBuild } from "./testing/write-build.ts";

const store = mkdtempSync(join(tmpdir(), "kerf-build-"));
after(() => rmSync(store, { recursive: true, force: true }));

const words = contract("words", {
  version: "1.2.0",
  operations: { get: query({ input: z.object({}), output: z.object({ text: z.string() }) }) },
});
const module = "export default 1;\n";
let count = 0;
const write = (fields = {}): string =>
  writeBuild(join(store, String(++count)), words, { "service.js": module }, fields);

const refused = (work: () => unknown, why: RegExp): void =>
  assert.throws(work, (thrown: Error & { code?: string; why?: string }) => {
    assert.equal(thrown.code, "invalid_configuration");
    assert.match(`${thrown.message}\n${thrown.why}`, why);
    return true;
  });

test("a build is opened whole, and is a service of a manifest from there", () => {
  const directory = write({ source: { revision: "abc", changed: true } });
  const build = openBuild(directory);
  assert.equal(build.descriptor.service.contract.version, "1.2.0");
  const manifest = manifestOfBuild(build);
  assert.equal(manifest.module, join(directory, "service.js"));
  assert.equal(manifest.contract.name, "words");
  assert.equal(manifest.database, undefined);
});

test("the digest is that of what a build is, whatever the order of keys and where it came from", () => {
  const { descriptor } = openBuild(write({ source: { revision: "abc", changed: false } }));
  const { digest, source: _, ...content } = descriptor;
  const turned = Object.fromEntries(Object.entries(content).toReversed());
  assert.equal(digestOf(turned as typeof content), digest);
  assert.notEqual(digestOf({ ...content, kerf: "0.2.0" }), digest);
  assert.equal(canonicalJson({ b: [{ d: 1, c: undefined }], a: null }), '{"a":null,"b":[{"d":1}]}');
});

test("whatever was changed, taken away or put in is found", () => {
  const changed = write();
  writeFileSync(join(changed, "service.js"), module.replace("1", "2"));
  refused(() => openBuild(changed), /service\.js was changed/);
  const lacking = write();
  rmSync(join(lacking, "service.js"));
  refused(() => openBuild(lacking), /service\.js is missing/);
  const more = write();
  writeFileSync(join(more, "more.js"), "");
  refused(() => openBuild(more), /more\.js does not belong to it/);
  const described = write();
  const file = join(described, buildFiles.descriptor);
  writeFileSync(file, readFileSync(file, "utf8").replace('"test"', '"others"'));
  refused(() => openBuild(described), /build\.json was changed after it was written/);
  const renamed = write();
  const other = renamed.replace(/[0-9a-f]{64}$/, "0".repeat(64));
  renameSync(renamed, other);
  refused(() => openBuild(other), /named like another build/);
  refused(() => openBuild(join(store, "nowhere")), /There is no build/);
  refused(() => openBuild(write({ platform: "vax-1" })), /runs on vax-1/);
});

test("a descriptor that is none is refused with what is wrong", () => {
  const { descriptor } = openBuild(write());
  const parse = (document: unknown) => () => parseDescriptor(JSON.stringify(document), "/builds/x");
  refused(() => parseDescriptor("{", "/builds/x"), /is no JSON/);
  refused(parse([]), /is no JSON object/);
  refused(parse({ ...descriptor, format: 2 }), /has the format 2; this Kerf reads format 1/);
  refused(
    parse({ ...descriptor, service: { name: "words" }, sagas: [{ name: "x" }] }),
    /service is not a service with its contract\n.*sagas is not/,
  );
  const stray = { ...descriptor.files, "../service.js": descriptor.files["service.js"] };
  refused(parse({ ...descriptor, files: stray }), /\.\.\/service\.js is no path inside of a build/);
  refused(parse({ ...descriptor, files: {} }), /it has no service\.js/);
});
