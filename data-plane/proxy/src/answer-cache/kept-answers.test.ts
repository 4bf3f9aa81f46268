import assert from "node:assert/strict";
import { test } from "node:test";
import { type KeptAnswer, keptAnswer, refreshedFields } from "./kept-answer.ts";
import { KeptAnswers } from "./kept-answers.ts";

function answer(key: string, length = 0, resource = key): KeptAnswer {
  return keptAnswer({
    resource,
    key,
    status: 200,
    fields: ["etag", '"1"', "connection", "x-hop", "x-hop", "1", "age", "3", "content-length", "0"],
    from: new URL("http://10.0.0.1"),
    body: Buffer.alloc(length),
    freshness: {
      freshMs: 1,
      initialAgeMs: 0,
      staleIfErrorMs: 0,
      staleWhileRevalidateMs: 0,
      forAuthorized: false,
    },
    since: 0,
  });
}

test("number and bytes are bounded; what was not asked for longest goes first", () => {
  assert.deepEqual(answer("a").fields, ["etag", '"1"']);
  const few = new KeptAnswers(2, 1_000_000);
  for (const key of ["a", "b"]) few.set(answer(key));
  few.get("a");
  few.set(answer("c"));
  assert.deepEqual(
    ["a", "b", "c"].filter((key) => few.get(key) !== undefined),
    ["a", "c"],
  );
  const one = answer("a", 1_000).bytes;
  const small = new KeptAnswers(100, 2 * one);
  for (const key of ["a", "b", "c"]) small.set(answer(key, 1_000));
  assert.deepEqual([small.size, small.bytes, small.get("a")], [2, 2 * one, undefined]);
  small.set(answer("b", 1_000));
  assert.deepEqual([small.size, small.bytes], [2, 2 * one], "replaced, not added");
  small.set(answer("d", 5_000));
  assert.deepEqual([small.size, small.bytes], [2, 2 * one], "too large to push all others out");
});

test("a resource is forgotten with all of its answers", () => {
  const answers = new KeptAnswers(10, 1_000_000);
  answers.set(answer("a gzip", 0, "a"));
  answers.set(answer("a br", 0, "a"));
  answers.set(answer("b", 0, "b"));
  answers.forget("a");
  assert.deepEqual([answers.size, answers.bytes], [1, answer("b", 0, "b").bytes]);
});

test("a 304 replaces what it says anew, but nothing of the body that is kept", () => {
  assert.deepEqual(
    refreshedFields(
      ["etag", '"1"', "content-type", "text/plain", "x-a", "old", "cache-control", "max-age=1"],
      [
        "cache-control",
        "max-age=9",
        "content-type",
        "text/html",
        "x-a",
        "new",
        "age",
        "2",
        "connection",
        "close",
      ],
    ),
    [
      "etag",
      '"1"',
      "content-type",
      "text/plain",
      "cache-control",
      "max-age=9",
      "x-a",
      "new",
      "age",
      "2",
    ],
  );
});
