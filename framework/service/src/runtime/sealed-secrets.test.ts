import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { redactor, sealSecrets } from "./sealed-secrets.ts";

const value = 'line one\nwith "quotes"';
const secrets = sealSecrets([["stripeKey", value]]);

test("a secret is read by its name, and by nothing else", () => {
  assert.equal(secrets["stripeKey"], value);
  const shown = [
    `${secrets as unknown as string}`,
    JSON.stringify({ secrets }),
    inspect(secrets, { showHidden: true }),
    inspect({ deep: { secrets } }),
    inspect({ ...secrets }),
    inspect(Object.entries(secrets)),
    inspect(structuredClone({ ...secrets })),
  ];
  for (const text of shown) assert.doesNotMatch(text, /quotes/);
  assert.equal(JSON.stringify({ secrets }), '{"secrets":"[secret]"}');
  assert.equal(inspect(secrets), "[secret]");
  assert.throws(() => Object.assign(secrets, { stripeKey: "other" }), TypeError);
});

test("what is written has no secret in it, neither as it is nor as JSON", () => {
  const redact = redactor([value, "quotes", "short", "[secretive"]);
  assert.equal(redact(`said: ${value}`), "said: [secret]");
  assert.equal(redact(JSON.stringify({ said: value, n: 1 })), '{"said":"[secret]","n":1}');
  assert.equal(redact("shorter ones stay: short"), "shorter ones stay: short");
  assert.equal(redactor([])("all"), "all");
});
