import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { CookieKeys, readSecrets } from "./cookie-keys.ts";
import { open, seal } from "./sealed.ts";

const older = randomBytes(32);
const newer = randomBytes(32);

function keys(secrets: readonly Uint8Array[], context = "shop"): CookieKeys {
  return new CookieKeys(secrets, context);
}

test("the newest key seals, all of them open", async () => {
  const [key] = keys([older]).of("session") as [Uint8Array];
  const sealed = (await seal({ id: "1" }, key)) as string;
  const value = { id: "1" };
  assert.deepEqual(await open(sealed, keys([older]).of("session")), { value, newest: true });
  assert.deepEqual(await open(sealed, keys([newer, older]).of("session")), {
    value,
    newest: false,
  });
  assert.equal(await open(sealed, keys([newer]).of("session")), undefined);
  assert.equal(await open(sealed, keys([older]).of("login")), undefined, "another purpose");
  assert.equal(await open(sealed, keys([older], "blog").of("session")), undefined, "another app");
});

test("what does not fit into a cookie is not sealed", async () => {
  const [key] = keys([newer]).of("session") as [Uint8Array];
  assert.equal(
    await seal({ text: "x".repeat(2_700) }, key).then((text) => text === undefined),
    false,
  );
  assert.equal(await seal({ text: "x".repeat(2_900) }, key), undefined);
});

test("a key file holds keys of 32 bytes, one a line", () => {
  const lines = [newer, older].map((secret) => secret.toString("base64url"));
  assert.deepEqual(readSecrets(`${lines.join("\n")}\n`), [newer, older]);
  for (const text of ["", "\n", "short", randomBytes(31).toString("base64url"), `${lines[0]}\n!`]) {
    assert.throws(() => readSecrets(text), text);
  }
});
