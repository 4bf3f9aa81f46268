import assert from "node:assert/strict";
import { test } from "node:test";
import { quoteIdentifier, quoteLiteral, serviceNames } from "./service-names.ts";

test("hyphens become underscores", () => {
  assert.deepEqual(serviceNames("gift-cards"), {
    service: "gift-cards",
    database: "gift_cards",
    owner: "gift_cards_owner",
    app: "gift_cards_app",
    second: "gift_cards_app_2",
  });
});

test("names that cannot be a database of its own are refused", () => {
  for (const name of [
    "",
    "Orders",
    "1st",
    "a_b",
    "a b",
    'a"b',
    "postgres",
    "template1",
    "pg-tools",
    "x".repeat(42),
  ]) {
    assert.throws(() => serviceNames(name), { code: "invalid_configuration" }, name);
  }
});

test("quoting leaves nothing to break out of", () => {
  assert.equal(quoteIdentifier('a"b'), '"a""b"');
  assert.equal(quoteLiteral("it's"), "'it''s'");
  assert.equal(quoteLiteral("a\\'b"), " E'a\\\\''b'");
});
