import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { appNameFrom } from "./app-name.ts";

test("a folder's name becomes an app's name", () => {
  assert.equal(appNameFrom("My Café 2"), "my-cafe-2");
  assert.equal(appNameFrom("42-things"), "things");
  assert.equal(appNameFrom("…"), "app");
});

test("whatever the folder is called, the name is one that apps may have", () => {
  fc.assert(
    fc.property(fc.string(), (folder) =>
      assert.match(appNameFrom(folder), /^[a-z][a-z0-9-]{0,39}$/),
    ),
  );
});
