import assert from "node:assert/strict";
import { test } from "node:test";
import { freeTime } from "./free-time.ts";

const at = (hour: string) => `2030-01-07T${hour}:00.000Z`;
const day = { from: at("08:00"), to: at("18:00") };

test("what is left of a day", () => {
  assert.deepEqual(freeTime(day, []), [day]);
  assert.deepEqual(freeTime(day, [day]), []);
  assert.deepEqual(
    freeTime(day, [
      { from: at("07:00"), to: at("09:00") },
      { from: at("12:00"), to: at("13:00") },
      { from: at("13:00"), to: at("14:00") },
    ]),
    [
      { from: at("09:00"), to: at("12:00") },
      { from: at("14:00"), to: at("18:00") },
    ],
  );
});
