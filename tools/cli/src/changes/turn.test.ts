import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError } from "@kerf/kernel";
import { Turn } from "./turn.ts";

test("who waits for another change is told once for which, and who does not gets the refusal", async () => {
  const refusal = new KerfError("failed", {
    message: "",
    data: { code: "change_under_way", message: "Another change is under way: deploy search." },
  });
  let asked = 0;
  const request = async (): Promise<string> => {
    if (++asked < 3) throw refusal;
    return "made";
  };
  const said: string[] = [];
  await assert.rejects(new Turn(false, (text) => said.push(text)).take(request), refusal);
  asked = 0;
  assert.equal(await new Turn(true, (text) => said.push(text)).take(request), "made");
  assert.deepEqual(said, [
    "Another change is under way: deploy search. Waiting until it has ended.",
  ]);
});
