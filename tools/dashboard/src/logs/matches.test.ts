import assert from "node:assert/strict";
import { test } from "node:test";
import { matcher } from "./matches.ts";

const line = {
  time: "",
  source: "main",
  service: "orders",
  level: "error",
  line: '{"message":"Card declined"}',
};

test("words, fields and their opposites all have to fit", () => {
  const fits = (query: string): boolean => matcher(query)(line);
  for (const query of ["", "card", "service:orders level:error", "-service:users declined"])
    assert.ok(fits(query), query);
  for (const query of ["cards", "service:users", "level:warn card", "-declined", "source:orders"])
    assert.ok(!fits(query), query);
});
