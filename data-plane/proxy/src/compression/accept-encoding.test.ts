import assert from "node:assert/strict";
import { test } from "node:test";
import { encodingFor } from "./accept-encoding.ts";

test("the encoding that the client likes best, brotli among equals", () => {
  for (const [accepted, encoding] of [
    [undefined, undefined],
    ["", undefined],
    ["gzip, deflate", "gzip"],
    ["gzip, deflate, br", "br"],
    ["GZIP", "gzip"],
    ["gzip;q=1.0, br;q=0.9", "gzip"],
    ["gzip ; q=0.5 , br;q=0.51", "br"],
    ["br;q=0, gzip;q=0", undefined],
    ["*", "br"],
    ["br;q=0, *", "gzip"],
    ["*;q=0", undefined],
    ["identity, gzip;q=0.5", undefined],
    ["identity;q=0.5, gzip;q=0.5", "gzip"],
    ["identity;q=0, gzip;q=0.001", "gzip"],
    ["deflate, zstd", undefined],
    ["br;q=2, gzip;q=nonsense", undefined],
  ] as const)
    assert.equal(encodingFor(accepted), encoding, JSON.stringify(accepted));
});
