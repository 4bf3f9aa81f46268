import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { systemClock } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import type { Launch } from "../runtimes/runtime.ts";
import { type BundleRecord, currentBundle, recordFile } from "./bundle-record.ts";
import { makeBundle } from "./make-bundle.ts";
import { ProgramBundle } from "./program-bundle.ts";

const folder = mkdtempSync(join(tmpdir(), "kerf-program-bundle-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const bundles = (): string[] => readdirSync(folder).filter((name) => name !== recordFile);
const launch = (preload: Partial<Launch["preload"]>, program: Launch["program"] = "host") =>
  ({ program, preload: { appModule: "/app.ts", services: ["orders"], ...preload } }) as Launch;
const programBundle = (): ProgramBundle =>
  new ProgramBundle({
    folder,
    clock: systemClock,
    log: silentLogger,
    signal: new AbortController().signal,
  });

test("the programs are put together once for what is installed, and copies that run builds start from there", async () => {
  const builds = { orders: "/builds/1" };
  assert.equal(programBundle().pathOf(launch({ builds })), undefined, "not made yet");
  // What a maker left that was killed, and bundles of long ago.
  for (const name of [".making-00", ...Array.from("abcdef", (digit) => digit.repeat(64))])
    mkdirSync(join(folder, name));
  await programBundle().prepare();
  const bundle = currentBundle(folder) ?? "";
  assert.equal(bundles().length, 5, "those are kept that programs may still run from");
  assert.ok(existsSync(bundle) && !existsSync(join(folder, ".making-00")));

  const made = programBundle();
  assert.equal(made.pathOf(launch({ builds })), join(bundle, "host.js"));
  const gateway = launch({ services: [] }, "gateway");
  assert.equal(made.pathOf(gateway), join(bundle, "gateway.js"));
  assert.equal(
    made.pathOf(launch({})),
    undefined,
    "source of an author's finds the Kerf installed",
  );
  rmSync(join(bundle, "gateway.js"));
  assert.equal(made.pathOf(gateway), undefined, "somebody has tidied up");
});

test("what is installed now counts, and what is no record is no bundle", async () => {
  const file = join(folder, recordFile);
  const record = JSON.parse(readFileSync(file, "utf8")) as BundleRecord;
  const [source = ""] = Object.keys(record.sources);
  const write = (document: unknown): void => writeFileSync(file, JSON.stringify(document));
  write({ ...record, sources: { ...record.sources, [source]: "1 1" } });
  assert.equal(currentBundle(folder), undefined);
  write({ ...record, digest: "0".repeat(64) });
  assert.equal(currentBundle(folder), undefined);
  writeFileSync(file, "{");
  assert.equal(currentBundle(folder), undefined);
  // The same again is the same bundle.
  rmSync(join(folder, record.digest), { recursive: true });
  await makeBundle(folder);
  assert.equal(currentBundle(folder), join(folder, record.digest));
});
