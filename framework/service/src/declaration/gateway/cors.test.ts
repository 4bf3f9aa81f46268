import assert from "node:assert/strict";
import { test } from "node:test";
import { corsProblems } from "./cors.ts";
import { headersProblems } from "./headers.ts";

test("origins that are right, and everything that is wrong", () => {
  assert.deepEqual(corsProblems(undefined), []);
  assert.deepEqual(corsProblems({ origins: ["https://shop.example"], credentials: true }), []);
  assert.deepEqual(corsProblems({ origins: "any", maxAgeS: 0, headers: ["x-api-key"] }), []);
  assert.deepEqual(corsProblems({ origins: "any", credentials: true }), [
    "cors: any page could act for whoever visits it; name the origins",
  ]);
  assert.deepEqual(
    corsProblems({
      origins: ["https://shop.example/", "*", "null"],
      headers: ["X-Key"],
      maxAgeS: -1,
      methods: [],
    }),
    [
      "cors.methods is no field; there are origins, credentials, headers, maxAgeS",
      'cors.origins: "https://shop.example/" must be "https://shop.example"',
      'cors.origins: "*" is no origin such as "https://shop.example"',
      'cors.origins: "null" is no origin such as "https://shop.example"',
      "cors.headers must be a list of names of headers in small letters",
      "cors.maxAgeS must be whole seconds from 0",
    ],
  );
});

test("headers that an app may not set, and values that are none", () => {
  assert.deepEqual(headersProblems({ "x-frame-options": "DENY" }), []);
  assert.deepEqual(headersProblems({ "content-length": "1", "X-A": "b", "x-b": "a\r\nx-c: d" }), [
    "headers.content-length is the gateway's own to say",
    'headers: "X-A" is no name of a header in small letters',
    "headers.x-b must be a text of at most 4096 printable ASCII characters",
  ]);
});
