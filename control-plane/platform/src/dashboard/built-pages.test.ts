import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Logger } from "@kerf/telemetry";
import { BuiltPages } from "./built-pages.ts";
import { waitingPage } from "./waiting-page.ts";

function pagesOf(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  folder = mkdtempSync(join(tmpdir(), "kerf-pages-")),
): BuiltPages {
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const log = new Logger({ level: "error", sink: () => {} });
  return new BuiltPages({ folder, log, signal: new AbortController().signal });
}

test("assets are kept for ever, the page is asked for again, and both have an ETag and a strict policy", async (t) => {
  const pages = pagesOf(t, {
    "dist/index.html": "<!doctype html>",
    "dist/assets/a-1.js": "1",
    "package.json": "{}",
  });
  assert.equal((await pages.state()).kind, "built");
  const asset = pages.answer("/assets/a-1.js", undefined);
  assert.deepEqual(
    [asset.status, asset.headers["content-type"], asset.headers["cache-control"]],
    [200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"],
  );
  assert.equal(pages.answer("/assets/a-1.js", asset.headers["etag"]).status, 304);
  for (const path of ["/", "/services", "/traces/4bf92f"]) {
    const page = pages.answer(path, undefined);
    assert.equal(page.headers["cache-control"], "no-cache", path);
    assert.match(
      page.headers["content-security-policy"] ?? "",
      /^default-src 'none'; script-src 'self'; style-src 'self'/,
    );
    assert.doesNotMatch(page.headers["content-security-policy"] ?? "", /unsafe/);
  }
  for (const path of ["/assets/none.js", "/assets/../package.json", "/assets/%2e%2e/package.json"])
    assert.notEqual(String(pages.answer(path, undefined).body), "{}", path);
  assert.equal(pages.answer("/assets/none.js", undefined).status, 404);
});

test("a page finds its parts when the build on disk is another one by then", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kerf-pages-"));
  const files = { "dist/index.html": "<!doctype html>", "dist/assets/a-1.js": "1" };
  const pages = pagesOf(t, { ...files, "package.json": "{}" }, folder);
  assert.equal((await pages.state()).kind, "built");
  rmSync(join(folder, "dist"), { recursive: true });
  assert.equal(String(pages.answer("/assets/a-1.js", undefined).body), "1");
});

test("a package without its files says so; what is told of a build is no markup", async (t) => {
  assert.equal((await pagesOf(t, { "package.json": "{}" }).state()).kind, "missing");
  const page = waitingPage({ kind: "failed", why: "<script>" });
  assert.equal(page.status, 503);
  assert.match(String(page.body), /&#60;script&#62;/);
});
