import { test } from "node:test";
import { holds } from "./holds.ts";

test("200 seeds: every property holds", async () => {
  await holds(101, 200);
});
