import { test } from "node:test";
import { holds } from "./holds.ts";

test("500 seeds: every property holds", async () => {
  await holds(101, 500);
});
