import assert from "node:assert/strict";
import { test } from "node:test";
import { scramVerifier, verifierMatches } from "./scram.ts";

test("a verifier has PostgreSQL's form, and belongs to its password only", () => {
  const verifier = scramVerifier("pencil");
  assert.match(
    verifier,
    /^SCRAM-SHA-256\$4096:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}$/,
  );
  assert.ok(!verifier.includes("pencil"));
  assert.ok(verifierMatches(verifier, "pencil"));
  assert.ok(!verifierMatches(verifier, "pencils"));
  assert.ok(!verifierMatches(null, "pencil"));
  assert.ok(!verifierMatches("md5abc", "pencil"));
});

test("the keys are those of RFC 7677's example", () => {
  const verifier = scramVerifier("pencil", Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"), 4096);
  assert.equal(
    verifier,
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
  );
});

test("a password that would need SASLprep is refused, without being repeated", () => {
  assert.throws(
    () => scramVerifier("grüße"),
    (error: Error) => !error.message.includes("grüße"),
  );
});
